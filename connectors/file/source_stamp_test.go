package file

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/connectors/store"
	"github.com/lavoir-data/lavoir/pipelines"
)

// listed is a store that can only be listed, over a network unless near.
type listed struct {
	store.Store
	infos []store.Info
	lists *int
	near  bool
}

func (l listed) List(context.Context, string) ([]store.Info, error) {
	*l.lists++
	return slices.Clone(l.infos), nil
}

func (l listed) Near() bool { return l.near }

func stampOf(t interface{ Fatal(...any) }, s store.Store, exercice string, in pipelines.Stamping) (string, bool) {
	p, err := newPattern(`(?<exercice>\d{4})_*.csv`)
	if err != nil {
		t.Fatal(err)
	}
	src := &source{sourceConfig: sourceConfig{Path: "x"}, env: pipelines.Env{Keys: map[string]string{"exercice": exercice}}, store: s, pattern: p}
	var b bytes.Buffer
	in.To = &b
	if in.Once == nil {
		in.Once = func(_ string, do func() (any, error)) (any, error) { return do() }
	}
	known, err := src.Stamp(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), known
}

// Two stamps are the same exactly when the task's files have the same paths,
// sizes, times and versions, however they were listed; files of others do not count.
func TestStampIsOfTheTasksFiles(t *testing.T) {
	lists := 0
	rapid.Check(t, func(rt *rapid.T) {
		info := rapid.Custom(func(rt *rapid.T) store.Info {
			return store.Info{
				Key:      rapid.SampledFrom([]string{"2024_a.csv", "2024_b.csv", "2024_.csv", "2023_a.csv", "2024_a.txt", "x/2024_a.csv"}).Draw(rt, "key"),
				Size:     rapid.Int64Range(0, 2).Draw(rt, "size"),
				Version:  rapid.SampledFrom([]string{"", "v1", "v2"}).Draw(rt, "version"),
				Modified: time.Unix(0, rapid.Int64Range(0, 2).Draw(rt, "time")),
			}
		})
		draw := func(label string) []store.Info {
			return rapid.SliceOfNDistinct(info, 0, 4, func(i store.Info) string { return i.Key }).Draw(rt, label)
		}
		own := func(infos []store.Info) string {
			var all []string
			for _, i := range infos {
				if slices.Contains([]string{"2024_a.csv", "2024_b.csv", "2024_.csv"}, i.Key) {
					all = append(all, fmt.Sprintf("%+v", i))
				}
			}
			slices.Sort(all)
			return fmt.Sprint(all)
		}
		a, b := draw("a"), draw("b")
		if rapid.Bool().Draw(rt, "shuffled") {
			b = rapid.Permutation(a).Draw(rt, "b")
		}
		sa, _ := stampOf(rt, listed{infos: a, lists: &lists, near: true}, "2024", pipelines.Stamping{})
		sb, _ := stampOf(rt, listed{infos: b, lists: &lists, near: true}, "2024", pipelines.Stamping{})
		if (sa == sb) != (own(a) == own(b)) {
			rt.Fatalf("%v and %v have the stamps %q and %q", a, b, sa, sb)
		}
	})
}

// Offline nothing but this machine is looked at, and one listing serves all tasks
// that share a path.
func TestStampOffline(t *testing.T) {
	lists := 0
	infos := []store.Info{{Key: "2023_a.csv"}, {Key: "2024_a.csv"}}
	for _, c := range []struct{ near, connect, known bool }{{true, false, true}, {false, false, false}, {false, true, true}} {
		before := lists
		s, known := stampOf(t, listed{infos: infos, lists: &lists, near: c.near}, "2024", pipelines.Stamping{Connect: c.connect})
		if known != c.known || (s != "") != c.known || (lists > before) != c.known {
			t.Errorf("%+v: known %v, %d listings", c, known, lists-before)
		}
	}
	lists = 0
	kept := map[string]any{}
	once := func(key string, do func() (any, error)) (v any, err error) {
		if v = kept[key]; v == nil {
			v, err = do()
			kept[key] = v
		}
		return v, err
	}
	seen := map[string]bool{}
	for _, exercice := range []string{"2022", "2023", "2024"} {
		s, _ := stampOf(t, listed{infos: infos, lists: &lists, near: true}, exercice, pipelines.Stamping{Once: once})
		seen[s] = true
	}
	if lists != 1 || len(seen) != 3 {
		t.Errorf("%d listings gave %d stamps", lists, len(seen))
	}
}
