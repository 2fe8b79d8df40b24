package pipelinetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// diagnosed is diagnostics as an error.
type diagnosed struct{ hcl.Diagnostics }

// codesOf are the codes of the messages in err, nil when there is none.
func codesOf(err error) []string {
	var d diagnosed
	if errors.As(err, &d) {
		var codes []string
		for _, one := range d.Diagnostics {
			if m, ok := one.Extra.(*messages.Error); ok && one.Severity == hcl.DiagError {
				codes = append(codes, m.Code)
			}
		}
		return codes
	}
	if m := messages.Find(err); m != nil {
		return []string{m.Code}
	}
	return nil
}

// sameCodes compares the codes as sets: an example says which, not how often.
func sameCodes(want, got []string) error {
	w, g := unique(want), unique(got)
	if slices.Equal(w, g) {
		return nil
	}
	return fmt.Errorf("messages wanted: %v; messages got: %v", w, g)
}

func unique(codes []string) []string {
	codes = slices.Clone(codes)
	slices.Sort(codes)
	return slices.Compact(codes)
}
