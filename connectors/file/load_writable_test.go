package file_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lavoir-data/lavoir/connectors"
	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/pipelines/pipelinetest"
)

// Who asks for a file in a format that is only read is told so, and which can be written:
// all of these and no others.
func TestWhichFormatsAreWritten(t *testing.T) {
	remedies := []string{messages.FileNotWritable.EN.Remedy, messages.FileNotWritable.FR.Remedy}
	for _, c := range connectors.All {
		if c.Kind != pipelines.KindFormat {
			continue
		}
		_, err := pipelines.As[format.Writer](pipelines.Built{Component: c, Config: c.New()}, pipelinetest.Env(t))
		for _, said := range remedies {
			if named := strings.Contains(said, "file \""+c.Name+"\""); named != (err == nil) {
				t.Errorf("%s is named: %t, by %q (%v)", c.Name, named, said, err)
			}
		}
	}
	if slices.Contains(remedies, "") {
		t.Error("no remedy")
	}
}
