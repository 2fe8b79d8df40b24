package pipelines

import (
	"errors"

	"github.com/hashicorp/hcl/v2"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// messagesOf are the messages an error stands for: those of its diagnostics, or
// the outermost one.
func messagesOf(err error) []*messages.Error {
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		var ms []*messages.Error
		for _, d := range diags {
			if m, ok := d.Extra.(*messages.Error); ok && d.Severity == hcl.DiagError {
				ms = append(ms, m)
			}
		}
		return ms
	}
	if m := messages.Find(err); m != nil {
		return []*messages.Error{m}
	}
	return nil
}

// Diagnostics are err as diagnostics: its own, or one at the given place.
func Diagnostics(err error, at hcl.Range) hcl.Diagnostics {
	var diags hcl.Diagnostics
	if errors.As(err, &diags) {
		return diags
	}
	return hcl.Diagnostics{Diagnose(err, at)}
}
