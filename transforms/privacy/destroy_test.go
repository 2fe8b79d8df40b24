package privacy

import (
	"bytes"
	"context"
	"testing"
)

// A key that is destroyed is not the one of the next release, whatever is the same.
func TestDestroyedKeysDiffer(t *testing.T) {
	p := policy{policyConfig: policyConfig{Subject: "a", Identifiers: []identifierConfig{
		{Column: "a", Action: "pseudonym", Destroy: "publish", Domain: "d"},
		{Column: "b", Action: "pseudonym", Destroy: "publish", Domain: "d"},
		{Column: "c", Action: "pseudonym", Destroy: "publish"},
	}}}
	p.env.Rand = bytes.NewReader(bytes.Repeat([]byte("0123456789abcdef0123456789abcdeX"), 1))
	draw := func() *seen {
		d, err := p.Draw(context.Background(), &seen{}, nil) // no fingerprint is needed
		if err != nil {
			t.Fatal(err)
		}
		return d.(*seen)
	}
	first := draw()
	if first.keys["a"].Fingerprint() != first.keys["b"].Fingerprint() || first.keys["a"].Fingerprint() == first.keys["c"].Fingerprint() {
		t.Error("columns of one domain share a key, others do not")
	}
	p.env.Rand = bytes.NewReader(bytes.Repeat([]byte("f"), 32))
	if first.keys["a"].Fingerprint() == draw().keys["a"].Fingerprint() {
		t.Error("another release has the same key")
	}
	if _, err := p.Draw(context.Background(), &seen{}, nil); err == nil { // the random source is at its end
		t.Error("a key was drawn from nothing")
	}
}
