package privacy

import (
	"context"
	"fmt"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
)

// pseudonyms are the identifiers that leave as keyed hashes.
func (t policy) pseudonyms() []identifierConfig {
	var all []identifierConfig
	for _, id := range t.Identifiers {
		if id.Action == "pseudonym" {
			all = append(all, id)
		}
	}
	return all
}

func (id identifierConfig) form() protect.Form {
	if id.Canonical == "" {
		return protect.Text
	}
	return protect.Form(id.Canonical)
}

// subjectForm is how the values of the subject are compared where they leave as
// pseudonyms; "" where they do not.
func (t policy) subjectForm() protect.Form {
	for _, id := range t.pseudonyms() {
		if id.Column == t.Subject {
			return id.form()
		}
	}
	return ""
}

// Draw derives the keys of the pseudonyms of one release from the fingerprint of
// what was read: the same input has the same ones again, and those of two releases
// do not match.
func (t policy) Draw(ctx context.Context, d pipelines.Decision, fingerprint []byte) (pipelines.Decision, error) {
	s, ok := d.(*seen)
	if !ok {
		return d, nil
	}
	drawn := *s
	drawn.keys = nil
	for _, id := range t.pseudonyms() {
		if len(fingerprint) == 0 {
			return nil, messages.NoFingerprint.With("column", id.Column)
		}
		secret, err := id.Key.Reveal(ctx, t.env)
		if err != nil {
			return nil, fmt.Errorf("fetch the key of pseudonyms: %w", err)
		}
		root, err := protect.NewRoot(secret, "identifier "+id.Column)
		if err != nil {
			return nil, err
		}
		epoch, err := root.ReleaseEpoch(fingerprint)
		if err != nil {
			return nil, err
		}
		domain := id.Domain
		if domain == "" {
			domain = id.Column
		}
		key, err := root.Key(protect.Scope{Dataset: t.env.Task.Pipeline, Domain: domain, Epoch: epoch})
		if err != nil {
			return nil, err
		}
		if drawn.keys == nil {
			drawn.keys = map[string]protect.Key{}
		}
		drawn.keys[id.Column] = key
	}
	return &drawn, nil
}

// draw takes the keys of a release.
func (m *masking) draw(keys map[string]protect.Key) {
	m.pseudonyms = map[string]*protect.Pseudonyms{}
	for _, c := range m.columns {
		if c.rule != nil && c.rule.pseudonym != "" {
			m.pseudonyms[c.name] = keys[c.name].Pseudonyms(c.rule.pseudonym)
		}
	}
}

// pseudonymous says whether a text can be a pseudonym: nothing else may stand in its
// column.
func pseudonymous(text string) bool {
	if len(text) != 26 {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}
