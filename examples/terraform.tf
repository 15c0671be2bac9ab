# Uploads an image, and finds another: OS_AUTH_URL and the other variables say in which cloud.
terraform {
  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = "~> 3.0"
    }
  }
}

variable "disk" {
  type        = string
  description = "The path of a qcow2 file."
}

resource "openstack_images_image_v2" "golden" {
  name             = "golden"
  local_file_path  = var.disk
  disk_format      = "qcow2"
  container_format = "bare"
  properties = {
    os_distro = "debian"
  }
}

data "openstack_images_image_v2" "base" {
  name        = "base"
  most_recent = true
}

output "images" {
  value = [openstack_images_image_v2.golden.id, data.openstack_images_image_v2.base.id]
}
