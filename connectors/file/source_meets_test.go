package file

import (
	"testing"

	"github.com/lavoir-data/lavoir/pipelines"
)

func TestSourcesMeetWherePathsTell(t *testing.T) {
	type keys = map[string]string
	for _, c := range []struct {
		path, other         string
		keys, otherKeys     keys
		connection          string // of the other
		unpack, otherUnpack string
		meet                bool
	}{
		{path: "a.csv", other: "a.csv"}, // who reads alike is known
		{path: "a.csv", other: "b.csv"},
		{path: "a.csv", other: "*.csv", meet: true},
		{path: "a.csv", other: "b/*.csv"},
		{path: "dons_*.csv", other: "*_2024.csv", meet: false}, // neither text is of the other's pattern
		{path: "dons_*.csv", other: "dons_*", meet: true},
		{path: `(?<tenant>[a-z]+)/x.csv`, keys: keys{"tenant": "a"}, other: "a/*.csv", meet: true},
		{path: `(?<tenant>[a-z]+)/x.csv`, keys: keys{"tenant": "a"}, other: `(?P<tenant>[a-z]+)/x.csv`, otherKeys: keys{"tenant": "a"}, meet: true},
		{path: `(?<tenant>[0-9]+)/x.csv`, keys: keys{"tenant": "1"}, other: `(?<tenant>[a-z]+)/x.csv`, otherKeys: keys{"tenant": "a"}},
		{path: `(?:x|y).csv`, other: `(?:x|z).csv`}, // the text alone does not tell
		{path: `(?:x|y).csv`, other: `x.csv`, meet: true},
		{path: "a.csv", other: "*.csv", connection: "elsewhere"},
		{path: "a.zip", other: "a.zip", unpack: "x.csv", otherUnpack: "y.csv", meet: true},
	} {
		one := sourceConfig{Path: c.path, OnDone: "move", DonePath: "pris"}
		two := sourceConfig{Path: c.other, OnDone: "keep"}
		two.Connection.Config = c.connection
		one.Connection.Config = ""
		if c.unpack != "" {
			one.Unpack, two.Unpack = []unpackConfig{{Kind: "zip", Members: c.unpack}}, []unpackConfig{{Kind: "zip", Members: c.otherUnpack}}
		}
		if got := one.Meets(c.keys, two, c.otherKeys); got != c.meet {
			t.Errorf("%s and %s: %v", c.path, c.other, got)
		}
		if got := two.Meets(c.otherKeys, one, c.keys); got != c.meet {
			t.Errorf("%s and %s: %v", c.other, c.path, got)
		}
		if one.Takes() != true || two.Takes() != false || one.Encrypts() != "" || (sourceConfig{ErrorPath: "e"}).Encrypts() != "error_path" {
			t.Error("what takes files and what encrypts them")
		}
	}
	if (sourceConfig{Path: "a.csv"}).Meets(nil, struct{}{}, nil) {
		t.Error("a source of another kind")
	}
	var _ pipelines.Taker = sourceConfig{}
}
