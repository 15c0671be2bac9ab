// Lists and gets images as goose does, the library of Juju and spread; prints what it saw as JSON.
package main

import (
	"encoding/json"
	"log"
	"os"

	"gopkg.in/goose.v1/client"
	"gopkg.in/goose.v1/glance"
	"gopkg.in/goose.v1/identity"
)

type seen struct {
	Names    []string // all that are listed
	Detailed []string // and in the list with details
	Image    *glance.ImageDetail
}

func main() {
	log.SetFlags(0)
	credentials, err := identity.CompleteCredentialsFromEnv()
	check(err)
	openstack := client.NewClient(credentials, identity.AuthUserPassV3, nil)
	openstack.SetRequiredServiceTypes([]string{"compute"}) // by default, object-store as well
	images := glance.New(openstack)

	var result seen
	listed, err := images.ListImages()
	check(err)
	for _, image := range listed {
		result.Names = append(result.Names, image.Name)
	}
	detailed, err := images.ListImagesDetail()
	check(err)
	for _, image := range detailed {
		result.Detailed = append(result.Detailed, image.Name)
	}
	result.Image, err = images.GetImageDetail(os.Args[1])
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(result))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
