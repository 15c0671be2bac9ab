"""Programs that use Python clients, as text: each runs with the Python of its environment."""

LIBCLOUD = """
import os, sys
from libcloud.compute.providers import get_driver
driver = get_driver("openstack")(
    os.environ["OS_USERNAME"], os.environ["OS_PASSWORD"], ex_force_auth_version="3.x_password",
    ex_force_auth_url=os.environ["OS_AUTH_URL"].removesuffix("/v3"), api_version="1.1",
    ex_tenant_name=os.environ["OS_PROJECT_NAME"],
    ex_domain_name="Default", ex_force_service_region="RegionOne", ex_force_base_url=sys.argv[2])
image = driver.get_image(sys.argv[1])
assert image.id in [each.id for each in driver.list_images()]
assert image.extra["status"] == "ACTIVE", image.extra
assert driver.delete_image(image) is True
print(image.name)
"""
SDK = """
import json, openstack, sys
compute, image_id = openstack.connect().compute, sys.argv[1]
pages = [image.id for image in compute.images(limit=1)]
found = compute.find_image(compute.get_image(image_id).name)
compute.set_image_metadata(image_id, key2="value2")
compute.delete_image_metadata(image_id, ["key1"])
metadata = compute.fetch_image_metadata(image_id).metadata
compute.delete_image(found, ignore_missing=False)
left = [image.id for image in compute.images(name=found.name)]
print(json.dumps({"pages": pages, "found": found.id, "metadata": metadata, "left": left}))
"""
# It requests versions at the root of the host, whatever the catalog has. It uses a name that
# Python 3.10 removed.
SDK_0_9 = """
import collections, collections.abc, json, os, sys
collections.MutableMapping = collections.abc.MutableMapping
from openstack import connection
compute = connection.Connection(
    auth_url=os.environ["OS_AUTH_URL"], username=os.environ["OS_USERNAME"],
    password=os.environ["OS_PASSWORD"], project_name=os.environ["OS_PROJECT_NAME"],
    user_domain_name="Default", project_domain_name="Default").compute
image_id = sys.argv[1]
pages = [image.id for image in compute.images(details=False, limit=1)]
found = compute.find_image(compute.get_image(image_id).name)
compute.set_image_metadata(image_id, key2="value2")
compute.delete_image_metadata(image_id, ["key1"])
metadata = compute.get_image_metadata(image_id).metadata
compute.delete_image(found, ignore_missing=False)
left = [image.id for image in compute.images(name=found.name)]
print(json.dumps({"pages": pages, "found": found.id, "metadata": metadata, "left": left}))
"""
# Shade uses netifaces only to see if the machine has IPv6. netifaces would have to be compiled.
NO_IPV6 = """
import sys, types
sys.modules["netifaces"] = types.SimpleNamespace(AF_INET6=10, gateways=lambda: {"default": {}})
"""
SHADE = f"""
{NO_IPV6}
import json, shade
cloud, (name, disk, copy) = shade.openstack_cloud(), sys.argv[1:]
made = cloud.create_image(
    name, filename=disk, disk_format="raw", container_format="bare", wait=True,
    meta=dict(os_distro="debian"))
again = cloud.create_image(
    name, filename=disk, disk_format="raw", container_format="bare", wait=True)
cloud.update_image_properties(name_or_id=name, hw_disk_bus="scsi")
cloud.download_image(name, output_path=copy)
found = [image.id for image in cloud.search_images(filters=dict(name=name))]
print(json.dumps(dict(id=made.id, status=made.status, again=again.id, found=found)))
"""
SHADE_DELETE = f"""
{NO_IPV6}
import shade
assert shade.openstack_cloud().delete_image(sys.argv[1], wait=True) is True
"""
