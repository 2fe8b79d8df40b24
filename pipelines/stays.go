package pipelines

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Forgetter is the ability of a Drawer to say that it draws keys that nobody keeps: what it
// makes of the same rows is then never the same bytes.
type Forgetter interface {
	Forgets() bool
}

// Staying is the ability of a seal to leave the release that is current where it is: see
// Manifest.Stays.
type Staying interface {
	// Stays gives the files of a release that is current, as its manifest has them; nil where
	// it is not current, or not whole.
	Stays(ctx context.Context, release string) ([]FileInfo, error)
}

func (f *Flow) forgets() bool {
	x, ok := f.Privacy.(Forgetter)
	return ok && x.Forgets()
}

// made is a keyed hash of all that decides a release but the keys that are drawn for it
// and forgotten: the program, the configuration and the rows, which read is of, the levels
// that were chosen, by what approvers accept too, and the keys that are not forgotten. It
// is "" where nothing is forgotten: the bytes tell then.
func (r *flowRun) made(read []byte) (sum, version string, err error) {
	if !r.forgets() || len(r.opt.Key) == 0 {
		return "", "", nil
	}
	of := struct {
		Versions Versions
		Read     []byte
		Keys     []ProvedKey
		Levels   []ProvedLevel
		Kept     int64 // rows, of a record model
	}{Versions: r.opt.Manifest.Versions, Read: read}
	if p, ok := r.Privacy.(Proving); ok {
		proof := p.Proof(r.decided)
		of.Keys = slices.DeleteFunc(proof.Pseudonyms, func(k ProvedKey) bool { return k.Destroyed })
		if m := proof.Records; m != nil {
			of.Levels, of.Kept = m.Levels, m.RowsOut
		}
	}
	data, err := json.Marshal(of)
	return hex.EncodeToString(r.mac("made", data)), of.Versions.Lavoir, err
}

// stay finds out whether what is current is made of what was read, and is then to stay: the
// same persons under other pseudonyms would only be another view of them.
func (r *flowRun) stay(ctx context.Context) error {
	if r.res.made == "" || r.opt.Current == nil {
		return nil
	}
	stand, err := r.opt.Current(ctx, &r.res)
	if err != nil || stand == nil {
		return err
	}
	files := make([][]FileInfo, len(r.sealed))
	for i, sealed := range r.sealed {
		s, ok := sealed.(Staying)
		if !ok {
			return nil
		}
		if files[i], err = s.Stays(ctx, stand[i].Release); err != nil || files[i] == nil {
			return err
		}
	}
	r.stays = stand
	for i := range r.res.Loads {
		r.res.Loads[i].Files, r.res.Loads[i].Release = files[i], stand[i].Release
	}
	return nil
}

// unused takes the keys out of a proof that were drawn for nothing.
func (p *PrivacyProof) unused() {
	for i, k := range p.Pseudonyms {
		if k.Destroyed {
			p.Pseudonyms[i].Key = ""
		}
	}
}

// current is what every load has current, where all of that was published at once and is
// made of what res tells; nil where it is not, or where that is not known for sure.
func (k *keeper) current(ctx context.Context, res *TaskResult) ([]Standing, error) {
	if !k.opt.Unpublished {
		if err := k.heal(ctx, res); err != nil {
			return nil, err
		}
	}
	if err := k.journal.open(ctx); err != nil {
		return nil, err
	}
	stand, err := k.flow.published(ctx)
	if err != nil || len(stand) != len(k.flow.Loads) || k.journal.last == nil {
		return nil, err
	}
	for n := k.journal.last.Number; n > 0; n-- {
		e, data, err := k.journal.read(ctx, n)
		if messages.Has(err, messages.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		there := 0
		for _, s := range stand {
			if s.Release != "" && slices.ContainsFunc(e.Published, s.is) {
				there++
			}
		}
		if there == 0 {
			continue
		}
		genuine, _ := k.journal.genuine(e, data)
		if there < len(stand) || !genuine || e.Made != res.made {
			return nil, nil
		}
		return stand, nil
	}
	return nil, nil
}
