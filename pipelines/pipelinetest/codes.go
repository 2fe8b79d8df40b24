package pipelinetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// codesOf are the codes of the messages in err, nil when there is none.
func codesOf(err error) []string {
	var diags hcl.Diagnostics
	var one *hcl.Diagnostic
	switch {
	case errors.As(err, &diags):
	case errors.As(err, &one):
		diags = hcl.Diagnostics{one}
	default:
		if m := messages.Find(err); m != nil {
			return []string{m.Code}
		}
		return nil
	}
	var codes []string
	for _, d := range diags {
		if m, ok := d.Extra.(*messages.Error); ok && d.Severity == hcl.DiagError {
			codes = append(codes, m.Code)
		}
	}
	return codes
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
