"""embedded_options: the options of the embedded image service, made from the settings."""

from glimpse.embedded.background_jobs import JobLimits
from glimpse.embedded.content_check import ContentRules
from glimpse.embedded.image_formats import ImageFormats
from glimpse.embedded.imports.address_rules import AddressRules, parse_networks
from glimpse.embedded.imports.download_url import InvalidUrl, UrlRules, parse_host
from glimpse.embedded.imports.http_stream import HttpTimeouts
from glimpse.embedded.imports.options import ImportOptions
from glimpse.embedded.imports.web_download import DownloadOptions
from glimpse.embedded.options import EmbeddedOptions
from glimpse.embedded.quotas import ImageQuotas, ProjectQuotas
from glimpse.settings import InvalidSettings, Settings
from glimpse.settings.options.imports import Import
from glimpse.upstream.tls import TlsOptions


def embedded_options(settings: Settings) -> EmbeddedOptions:
    """Make the options of the embedded image service.

    Raises InvalidSettings for a host or a network in [import] that cannot be used.
    """
    given, embedded = settings.imports, settings.embedded
    return EmbeddedOptions(
        image_size_cap=embedded.image_size_cap,
        content_rules=ContentRules(
            settings.image_format.require_image_format_match,
            settings.image_format.vmdk_allowed_types,
            settings.image_format.gpt_safety_checks_nonfatal,
        ),
        image_formats=ImageFormats(
            settings.image_format.disk_formats, settings.image_format.container_formats
        ),
        image_quotas=ImageQuotas(
            embedded.image_property_quota, embedded.image_tag_quota, embedded.image_member_quota
        ),
        project_quotas=ProjectQuotas(
            image_size_total=embedded.image_size_total,
            image_stage_total=embedded.image_stage_total,
            image_count_total=embedded.image_count_total,
            image_count_uploading=embedded.image_count_uploading,
            user_storage_quota=embedded.user_storage_quota,
        ),
        imports=ImportOptions(
            given.methods,
            JobLimits(given.max_running, given.max_waiting, given.project_share),
            _download_options(given),
        ),
    )


def _download_options(given: Import) -> DownloadOptions:
    """Return the options of web-download. Raises InvalidSettings for a bad host or network.

    The file ``cafile`` is loaded when the first download needs it.
    """
    tls = TlsOptions(given.cafile, None, None, insecure=False)
    return DownloadOptions(
        UrlRules(
            given.allowed_schemes,
            given.disallowed_schemes,
            _hosts("allowed_hosts", given.allowed_hosts),
            _hosts("disallowed_hosts", given.disallowed_hosts),
            given.allowed_ports,
            given.disallowed_ports,
        ),
        _address_rules(given.allowed_networks),
        HttpTimeouts(given.connect_timeout, given.idle_timeout),
        given.timeout,
        lambda: tls.context,
        is_enabled="web-download" in given.methods,
    )


def _hosts(option: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return each host in `texts` as a lower-case ASCII name, or as the shortest IP address.

    Square brackets around an address are removed. Raises InvalidSettings, which names `option`, if
    a text is no host.
    """
    try:
        return tuple(parse_host(text.strip("[]")) for text in texts)
    except InvalidUrl:
        raise InvalidSettings(f"[import] {option} has a text that is no host.") from None


def _address_rules(networks: tuple[str, ...]) -> AddressRules:
    """Return rules that allow public addresses and those in `networks`, and no others.

    Raises InvalidSettings for an invalid network.
    """
    try:
        return AddressRules(parse_networks(networks))
    except ValueError as error:
        raise InvalidSettings(f"[import] allowed_networks: {error}.") from None
