// Lists, gets and deletes images as gophercloud's Compute client does; prints what it saw as JSON.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/compute/v2/images"
	"github.com/gophercloud/gophercloud/pagination"
)

type seen struct {
	Pages [][]string    // the ids on each page of one image, in the order of the list
	Image *images.Image // the one whose id is the argument
	Gone  bool          // whether it answers 404 once deleted
}

func main() {
	log.SetFlags(0)
	id := os.Args[1]
	compute := connect()

	var result seen
	listing := images.ListDetail(compute, images.ListOpts{Limit: 1, Status: "ACTIVE"})
	check(listing.EachPage(func(page pagination.Page) (bool, error) {
		found, err := images.ExtractImages(page)
		ids := []string{}
		for _, image := range found {
			ids = append(ids, image.ID)
		}
		result.Pages = append(result.Pages, ids)
		return true, err
	}))
	image, err := images.Get(compute, id).Extract()
	check(err)
	result.Image = image
	check(images.Delete(compute, id).ExtractErr())
	_, result.Gone = images.Get(compute, id).Err.(gophercloud.ErrDefault404)
	check(json.NewEncoder(os.Stdout).Encode(result))
}

func connect() *gophercloud.ServiceClient {
	provider, err := openstack.AuthenticatedClient(gophercloud.AuthOptions{
		IdentityEndpoint: os.Getenv("OS_AUTH_URL"),
		Username:         os.Getenv("OS_USERNAME"),
		Password:         os.Getenv("OS_PASSWORD"),
		TenantName:       os.Getenv("OS_PROJECT_NAME"),
		DomainID:         os.Getenv("OS_USER_DOMAIN_ID"),
	})
	check(err)
	region := gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")}
	compute, err := openstack.NewComputeV2(provider, region)
	check(err)
	return compute
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
