package pipelines

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// ReadEvidence gives the newest evidence of each selected task, as it was written. A
// task that has none gives messages.NoEvidence. An error of found ends it.
func ReadEvidence(ctx context.Context, p *Project, sel Selection, opt RunOptions, found func(t TaskID, data []byte) error) error {
	r, err := newRun(ctx, p, opt, 1)
	if err != nil {
		return err
	}
	defer r.close()
	var failed error
	diags := p.Tasks(sel, func(t Task) bool {
		var data []byte
		if data, failed = r.newestEvidence(ctx, t); failed == nil {
			failed = found(t.ID, data)
		}
		return failed == nil && ctx.Err() == nil
	})
	if diags.HasErrors() {
		return diags
	}
	return errors.Join(failed, ctx.Err())
}

func (r *run) newestEvidence(ctx context.Context, t Task) ([]byte, error) {
	s, err := r.evidenceStore(r.env(t, r.dir))
	if err != nil {
		return nil, &StepError{t.ID, "evidence", err}
	}
	folder := folderOf(t.ID)
	names, err := s.ListEvidence(ctx, folder)
	if err != nil {
		return nil, &StepError{t.ID, "evidence", err}
	}
	for i := len(names) - 1; i >= 0; i-- { // a run's name begins with its time
		if strings.HasSuffix(names[i], ".json") {
			return s.ReadEvidence(ctx, path.Join(folder, names[i]))
		}
	}
	return nil, messages.NoEvidence.With("task", t.ID)
}

// ReadManifest gives the manifest of what each selected task has current, from the
// first of its loads that can tell. An error of found ends it.
func ReadManifest(ctx context.Context, p *Project, sel Selection, opt RunOptions, found func(t TaskID, m Manifest) error) error {
	seen := map[TaskID]bool{}
	return EachLoad(ctx, p, sel, opt, func(t TaskID, l Load) error {
		x, ok := l.Sink.(Exhibitor)
		if !ok || seen[t] {
			return nil
		}
		seen[t] = true
		m, err := x.Exhibit(ctx)
		if err != nil {
			return err
		}
		return found(t, m)
	})
}
