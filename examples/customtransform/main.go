package main

import (
	"fmt"
	"os"

	"github.com/lavoir-data/lavoir/pipelines"
)

func main() {
	reg, err := pipelines.NewRegistry([]pipelines.Component{Initials})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, c := range reg.All("") {
		fmt.Printf("%s %q: %s\n", c.Kind, c.Name, c.Doc)
	}
}
