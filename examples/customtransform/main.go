package main

import (
	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/cli"
	"github.com/lavoir-data/lavoir/transforms"
)

func main() {
	cli.Main(pipelines.MustRegistry(connectors.All, transforms.All, []pipelines.Component{Initials}))
}
