# Lists, gets, edits and deletes one image as fog-openstack does; prints what it saw as JSON.
require "fog/openstack"
require "json"

compute = Fog::OpenStack::Compute.new(
  openstack_auth_url: ENV.fetch("OS_AUTH_URL"),
  openstack_username: ENV.fetch("OS_USERNAME"),
  openstack_api_key: ENV.fetch("OS_PASSWORD"),
  openstack_project_name: ENV.fetch("OS_PROJECT_NAME"),
  openstack_domain_id: ENV.fetch("OS_USER_DOMAIN_ID"),
  openstack_region: ENV.fetch("OS_REGION_NAME")
)
id = ARGV.fetch(0)
listed = compute.images.find { |each| each.id == id }
image = compute.images.get(id)
image.metadata.update("key2" => "value2")
image.metadata.get("key1").destroy
merged = image.metadata.all.to_h { |each| [each.key, each.value] }
image.metadata.set("key3" => "value3")
replaced = compute.images.get(id).metadata.to_hash
image.destroy
puts JSON.generate(
  listed: listed.attributes.slice(:name, :status, :progress, :minDisk, :minRam, :size),
  ready: image.ready?,
  merged: merged,
  replaced: replaced,
  gone: compute.images.get(id).nil?
)
