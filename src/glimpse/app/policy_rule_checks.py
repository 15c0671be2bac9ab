"""RuleChecks: checks that the rules of policy files can be evaluated for every request.

oslo.policy loads slowly: import this module only when a policy file is configured.
"""

import ast
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from oslo_policy import policy

_PARSER = "oslo_policy._parser"  # its logger; a rule that it cannot parse denies everything
_MAX_DEPTH = 50  # each level takes up to four of Python's 1,000 stack frames
_MAX_COMPARISONS = 1000  # in one evaluation of a rule, which then takes some 20 ms
# A token, for comparisons to be tried with.
_SAMPLE_CREDENTIALS = {
    **dict.fromkeys(("user_id", "project_id", "user_domain_id", "project_domain_id"), "text"),
    "roles": ["text"],
    "is_admin": False,
}


class UnusableRule(ValueError):
    """A rule that cannot be evaluated. The message begins with the word rule and its name."""


class _Extent(NamedTuple):
    """How many comparisons the evaluation of a rule may take, and how deep the rule nests."""

    comparisons: int
    depth: int


class Enforcer(policy.Enforcer):
    """oslo.policy's Enforcer without its own check of rules, which takes exponential time.

    `RuleChecks` checks the rules instead.
    """

    def check_rules(self, raise_on_violation: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002  its signature
        """Return True without checking anything: `RuleChecks` checks the rules."""
        return True


class RuleChecks:
    """Checks rules of policy files, and all rules to which the checked rules refer.

    `enforcer` has loaded the files. `credentials` are the attributes of a token that rules may
    compare; None if a rule may compare any attribute.
    """

    def __init__(self, enforcer: policy.Enforcer, credentials: frozenset[str] | None) -> None:
        self._enforcer = enforcer
        self._credentials = credentials
        self._extents: dict[str, _Extent] = {}

    def check(self, name: str) -> None:
        """Check the rule `name`, which must be in the files or among the default rules.

        Raises UnusableRule if this rule, or a rule to which it refers:

        - is malformed;
        - has a comparison that raises an error when it is tried with a sample token;
        - calls a server (``http:...``);
        - compares an attribute of the token that `credentials` do not allow;
        - makes more than _MAX_COMPARISONS comparisons, or nests more than _MAX_DEPTH levels;
        - refers to itself;
        - refers to a rule that does not exist, unless a rule ``default`` exists. oslo.policy
          evaluates ``default`` instead of a missing rule.

        Raises RecursionError if Python cannot parse a rule because it nests too deeply.
        """
        self._measure(name, ())

    def _measure(self, name: str, path: tuple[str, ...]) -> _Extent:
        """Check the rule `name`; return how many comparisons it takes, and how deep it nests.

        The rule must be defined. `path` has the names of the rules that led to this rule; () if no
        rule did. Keeps the result for other rules that refer to this rule. Raises UnusableRule if
        this rule, or a rule to which it refers, cannot be used. Raises RecursionError if Python
        cannot parse a rule because it nests too deeply.
        """
        if name in path:
            raise UnusableRule(f"rule {name} refers to itself.")
        if len(path) == _MAX_DEPTH:
            raise UnusableRule(_too_deep(path[0]))
        known = self._extents.get(name)
        if known is not None:
            return known
        rule = self._enforcer.file_rules.get(name) or self._enforcer.registered_rules[name]
        with parser_errors() as errors:
            check = policy.RuleDefault(name, rule.check_str).check
        if errors:
            raise UnusableRule(f"rule {name} is not understood: {rule.check_str!r}.")
        extent = self._measure_part(check, (*path, name))
        if extent.comparisons > _MAX_COMPARISONS:
            raise UnusableRule(
                f"rule {name} makes more than {_MAX_COMPARISONS} comparisons: simplify it."
            )
        if extent.depth > _MAX_DEPTH:
            raise UnusableRule(_too_deep(name))
        self._extents[name] = extent
        return extent

    def _measure_part(self, check: Any, path: tuple[str, ...]) -> _Extent:
        """Check one part of the rule ``path[-1]``, and all rules to which the part refers.

        `check` is the part, as oslo.policy has parsed it. Returns how many comparisons the part
        takes, and how deep it nests. Raises the errors of `_measure`.
        """
        inner = [*getattr(check, "rules", ())]
        if hasattr(check, "rule"):
            inner.append(check.rule)
        if inner:
            extents = [self._measure_part(part, path) for part in inner]
            comparisons = sum(extent.comparisons for extent in extents)
            return _Extent(comparisons, 1 + max(extent.depth for extent in extents))
        if getattr(check, "kind", None) == "rule":
            comparisons, depth = self._measure(self._find_rule(path[-1], check.match), path)
            return _Extent(comparisons, depth + 1)
        if hasattr(check, "kind"):
            self._try_comparison(path[-1], check)
        return _Extent(1, 1)

    def _find_rule(self, name: str, other: str) -> str:
        """Return the name of the rule that is evaluated where the rule `name` refers to `other`.

        The result is `other` if that rule is defined. Otherwise the result is the rule ``default``.
        Raises UnusableRule if neither is defined.
        """
        default = self._enforcer.default_rule
        if other in self._enforcer.rules:
            return other
        if isinstance(default, str) and default in self._enforcer.rules:
            return default
        raise UnusableRule(f"rule {name} refers to rule {other}, which is not defined.")

    def _try_comparison(self, name: str, check: Any) -> None:
        """Check the comparison ``kind:match`` of the rule `name`.

        Raises UnusableRule if the comparison calls a server, if its kind is an attribute of the
        token that `credentials` do not allow, or if it raises an error for a sample token.
        """
        if check.kind in ("http", "https"):
            raise UnusableRule(f"rule {name} calls a server, which is not supported.")
        if not self._is_known(check.kind):
            raise UnusableRule(
                f"rule {name} compares {check.kind} of the token, which Glimpse does not know."
            )
        try:
            check(defaultdict(str), _SAMPLE_CREDENTIALS, self._enforcer)
        except Exception:  # noqa: BLE001  oslo.policy lets those of Python's % operator pass
            raise UnusableRule(
                f"rule {name} cannot be evaluated: correct {check.kind}:{check.match}."
            ) from None

    def _is_known(self, kind: str) -> bool:
        """Return True if rules may have comparisons ``kind:match`` with this `kind`.

        `kind` may be ``role``, a text in quotes or another literal, or an attribute of the token
        that `credentials` allow. If `credentials` is None, every `kind` is allowed.
        """
        known = self._credentials
        if known is None or kind == "role" or kind in known:
            return True
        try:
            ast.literal_eval(kind)  # a text in quotes, which the match is compared with
        except (ValueError, SyntaxError):
            return False
        return True


def _too_deep(name: str) -> str:
    return f"rule {name} nests more than {_MAX_DEPTH} rules and parentheses: simplify it."


@contextmanager
def parser_errors() -> Iterator[list[logging.LogRecord]]:
    """Collect the errors that oslo.policy's parser logs during the ``with`` block.

    The block gets the list of log records, with their tracebacks. During the block, no record of
    the parser is logged, not even by another thread. Errors of the block are raised unchanged.
    """
    errors: list[logging.LogRecord] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(record)

    logger, collector = logging.getLogger(_PARSER), Collector(logging.ERROR)
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(collector)
    disabled = logging.root.manager.disable
    logging.disable(logging.NOTSET)  # ``glimpse check`` logs nothing
    try:
        yield errors
    finally:
        logging.disable(disabled)
        logger.removeHandler(collector)
        logger.propagate = propagated
