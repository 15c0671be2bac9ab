"""Makes a snapshot of the server web with openstacksdk, finds it, and downloads it.

OS_AUTH_URL, OS_USERNAME and the other variables say which cloud, or OS_CLOUD with a clouds.yaml.
"""

import openstack

cloud = openstack.connect()
server = cloud.compute.find_server("web", ignore_missing=False)
cloud.create_image_snapshot("nightly", server, wait=True, purpose="backup")
for image in cloud.image.images(instance_uuid=server.id, purpose="backup"):
    data = cloud.image.download_image(image).content
    print(f"{image.name} is {image.status} and has {len(data)} bytes")
    cloud.image.delete_image(image)
