package compute

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Mistakes is diagnostics as the error of a Bind, or nil when none of them is
// an error. Both the diagnostics, with their places, and the messages they
// stand for are found in it.
func Mistakes(diags hcl.Diagnostics) error {
	if !diags.HasErrors() {
		return nil
	}
	return mistakes{diags}
}

type mistakes struct{ hcl.Diagnostics }

func (m mistakes) Unwrap() []error {
	errs := []error{m.Diagnostics}
	for _, d := range m.Diagnostics {
		if e, ok := d.Extra.(*messages.Error); ok && d.Severity == hcl.DiagError {
			errs = append(errs, e)
		}
	}
	return errs
}
