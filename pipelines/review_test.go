package pipelines

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// redacting is a stage whose column n is to be reviewed, and which takes seven
// passages away from each batch.
type redacting struct {
	letOut
	taken *int64
}

func (redacting) Reviews() []string { return []string{"n"} }
func (r redacting) Redacted() []Passages {
	return []Passages{{Column: "n", Kind: "name", Count: *r.taken}}
}
func (r redacting) Kernel(*arrow.Schema) (Kernel, error) {
	return func(_ context.Context, b Batch) (Batch, error) {
		*r.taken += 7
		return b, nil
	}, nil
}
func (redacting) Sample(n int, seed []byte) TextSample { return &rowsSeen{seed: string(seed)} }

// rowsSeen draws the number of rows.
type rowsSeen struct {
	seed string
	rows int64
}

func (s *rowsSeen) Add(ctx context.Context, in Stream) error {
	return Each(ctx, in, func(b Batch) error {
		s.rows += b.NumRows()
		b.Release()
		return nil
	})
}

func (s *rowsSeen) Texts() []SampledText {
	return []SampledText{{Column: "n", Number: int(s.rows), Marked: "=⟦" + canary + "⟧;\"", Found: "nom"}, {Column: "n", Number: 2, Marked: "rien"}}
}

func redactingTask(name, policy string, out *[]byte) (Task, *bool, *int64) {
	read, taken := new(bool), new(int64)
	task := fakeTask(name, func() error { *read = true; return nil }, out)
	stage := redacting{letOut{memory.NewGoAllocator(), true, new(int64)}, taken}
	task.Chain.Privacy.Component = Define(KindPrivacy, "policy", "x", struct{}{}, func(Env, struct{}) (any, error) { return stage, nil })
	task.Policy = []byte(policy)
	return task, read, taken
}

// Nothing is read, let alone published, before the review of every column was
// accepted under the very policy; what was public stays.
func TestRunWaitsForReviews(t *testing.T) {
	var out []byte
	task, read, _ := redactingTask("a", `{"v":1}`, &out)
	project := projectOf(t, task)
	run := func(opt RunOptions) TaskResult {
		t.Helper()
		*read = false
		r, _, err := Run(context.Background(), project, Selection{}, opt)
		if err != nil {
			t.Fatal(err)
		}
		return r.Tasks[0]
	}
	res := run(testOptions())
	if res.Outcome != Refused || !messages.Has(res.Err, messages.NotReviewed) || ExitCode(res.Err) != ExitRefused || *read || out != nil {
		t.Errorf("nobody accepted it: %s %v, read %t", res.Outcome, res.Err, *read)
	}
	for _, want := range []string{"lavoir privacy review --pipeline a", "lavoir accept privacy --rule review --column n"} {
		if m := messages.Find(res.Err); !strings.Contains(m.Remedy(messages.English), want) || !strings.Contains(m.Remedy(messages.French), want) {
			t.Errorf("the remedy does not say %s: %s", want, m.Remedy(messages.English))
		}
	}
	opt := testOptions()
	opt.Unpublished = true
	if res := run(opt); res.Outcome != Unpublished || !*read || out != nil {
		t.Errorf("a run that does not publish: %s %v", res.Outcome, res.Err)
	}
	project.Acceptances = reviewOf("a", `{"v":1}`)
	if res := run(testOptions()); res.Outcome != Published || out == nil {
		t.Errorf("accepted: %s %v", res.Outcome, res.Err)
	}
	stands := slices.Clone(out)
	again, _, _ := redactingTask("a", `{"v":2}`, &out)
	changed := projectOf(t, again)
	changed.State, changed.Acceptances = project.State, project.Acceptances
	r, _, err := Run(context.Background(), changed, Selection{}, testOptions())
	if err != nil || r.Tasks[0].Outcome != Refused || !slices.Equal(stands, out) {
		t.Errorf("another policy: %v, %s", err, r.Tasks[0].Outcome)
	}
	if notes := r.Tasks[0].Notes; len(notes) != 1 || notes[0].Message != messages.AcceptancePolicy {
		t.Errorf("it is not said that the acceptance is of another policy: %v", notes)
	}
}

// reviewOf is an acceptance of the review of column n.
func reviewOf(pipeline, policy string) []SignedAcceptance {
	return []SignedAcceptance{{Acceptance: Acceptance{Pipeline: pipeline, Rule: RuleReview, Column: "n", Policies: []string{fullSum([]byte(policy))},
		Tenants: "*", Until: "9999-12-31"}, File: "a.json"}}
}

// What was taken away is in the evidence, and not in what is public.
func TestEvidenceCountsPassages(t *testing.T) {
	var out []byte
	task, _, _ := redactingTask("a", `{}`, &out)
	project := projectOf(t, task)
	project.Acceptances = reviewOf("a", `{}`)
	for range 2 { // the counter of a stage goes on, those of a task begin again
		r, _, err := Run(context.Background(), project, Selection{}, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Passages{{Column: "n", Kind: "name", Count: 7}}, r.Tasks[0].Redacted); diff != "" {
			t.Error(diff)
		}
	}
	found, _ := filepath.Glob(filepath.Join(project.State, "evidence", "a", "*.json"))
	if len(found) == 0 {
		t.Fatal("there is no evidence")
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Task struct{ Redacted []map[string]any }
	}
	if err := json.Unmarshal(data, &doc); err != nil || len(doc.Task.Redacted) != 1 || doc.Task.Redacted[0]["passages"] != 7.0 {
		t.Errorf("the evidence has %v, %v", doc.Task.Redacted, err)
	}
}

// A sheet is drawn by pipeline and policy, after the task was shown to whoever notes
// it; it is encrypted where the project has recipients.
func TestReviewsAreDrawnByPolicy(t *testing.T) {
	var out []byte
	first, _, _ := redactingTask("a", `{"v":1}`, &out)
	second, _, _ := redactingTask("a", `{"v":1}`, &out)
	second.ID.Tenant = "35001"
	third, read, _ := redactingTask("a", `{"v":2}`, &out)
	plain := fakeTask("b", func() error { t.Error("a task without texts was read"); return nil }, &out)
	project := projectOf(t, first, second, third, plain)
	var noted []string
	reviews, err := ReviewTasks(context.Background(), project, Selection{}, 10, testOptions(), func(t TaskID) error {
		if t.Tenant == "" && *read {
			return messages.Internal.With("what", "it was read before")
		}
		noted = append(noted, t.String())
		return nil
	})
	if err != nil || len(reviews) != 2 || out != nil {
		t.Fatal(err, len(reviews))
	}
	if diff := cmp.Diff([]string{"a", "a/35001", "a"}, noted); diff != "" {
		t.Error(diff)
	}
	if a, b := reviews[0], reviews[1]; a.Tasks != 2 || a.Texts[0].Number != 10 || b.Tasks != 1 || b.Texts[0].Number != 5 || a.Policy == b.Policy {
		t.Errorf("%+v and %+v", a, b)
	}
	dir := filepath.Join(t.TempDir(), "relecture")
	path, err := reviews[0].Write(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeffcolonne;numéro;trouvé;texte;ce qui a été manqué\r\nn;10;nom;\"'=⟦" + canary + "⟧;\"\"\";\r\nn;2;;rien;\r\n"
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		t.Errorf("%s is %q, %v", path, data, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if _, err := reviews[0].Write(dir, nil); !messages.Has(err, messages.SheetUnwritten) {
		t.Errorf("a sheet was written over: %v", err)
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	if path, err = reviews[0].Write(dir, []string{identity.Recipient().String()}); err != nil || !strings.HasSuffix(path, ".csv.age") {
		t.Fatal(path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := age.Decrypt(f, identity)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(r); err != nil || string(data) != want {
		t.Errorf("%s holds %q, %v", path, data, err)
	}
}
