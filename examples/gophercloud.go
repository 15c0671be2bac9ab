// Makes a snapshot of the server web with gophercloud 1, and lists it with Compute's Images API.
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/images"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/servers"
)

func main() {
	// gophercloud finds the project by this variable. Other clients would log in to the domain with it.
	check(os.Setenv("OS_DOMAIN_NAME", os.Getenv("OS_PROJECT_DOMAIN_NAME")))
	options, err := openstack.AuthOptionsFromEnv()
	check(err)
	provider, err := openstack.AuthenticatedClient(options)
	check(err)
	region := gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")}
	compute, err := openstack.NewComputeV2(provider, region)
	check(err)

	page, err := servers.List(compute, servers.ListOpts{Name: "^web$"}).AllPages()
	check(err)
	named, err := servers.ExtractServers(page)
	check(err)
	id := named[0].ID
	snapshot := servers.CreateImageOpts{Name: "nightly", Metadata: map[string]string{"purpose": "backup"}}
	imageID, err := servers.CreateImage(compute, id, snapshot).ExtractImageID()
	check(err)
	check(gophercloud.WaitFor(60, func() (bool, error) {
		image, err := images.Get(compute, imageID).Extract()
		return err == nil && image.Status == "ACTIVE", err
	}))

	page, err = images.ListDetail(compute, images.ListOpts{Server: id, Type: "snapshot"}).AllPages()
	check(err)
	found, err := images.ExtractImages(page)
	check(err)
	for _, image := range found {
		fmt.Println(image.Name, image.Status, image.Metadata["purpose"])
	}
	check(images.Delete(compute, imageID).ExtractErr())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
