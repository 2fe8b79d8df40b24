package pipelines_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
	"pgregory.net/rapid"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// approver is a key pair that is the same in every run.
func approver(t testing.TB, seed byte) (minisign.PublicKey, minisign.PrivateKey) {
	t.Helper()
	pub, key, err := minisign.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return pub, key
}

const policyText = `{"type":"policy"}`

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func ceiling(x float64) *float64 { return &x }

func anAcceptance() pipelines.Acceptance {
	return pipelines.Acceptance{Pipeline: "agents", Policies: []string{sumOf([]byte(policyText))}, Rule: "max_prosecutor_risk",
		Tenants: "35*", Ceiling: ceiling(0.25), Until: "2027-06-30", Reason: "délibération 2026-041"}
}

var acceptedOn = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

// put signs an acceptance into a project's folder and gives the names of its two files.
func put(t testing.TB, root string, a pipelines.Acceptance, key minisign.PrivateKey) (file, signature string) {
	t.Helper()
	name, text, sig, err := a.Sign(key, acceptedOn)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, pipelines.AcceptancesFolder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(dir, name)
	signature = file + ".minisig"
	for path, data := range map[string][]byte{file: text, signature: sig} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, signature
}

func codes(told []*messages.Error) string {
	var out []string
	for _, m := range told {
		out = append(out, m.Code)
	}
	return strings.Join(out, " ")
}

func TestWhatAnApproverSignedCounts(t *testing.T) {
	pub, key := approver(t, 1)
	other, _ := approver(t, 2)
	root := t.TempDir()
	file, _ := put(t, root, anAcceptance(), key)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"accepted":"2026-11-30","ceiling":0.25,"format":1,"kind":"privacy","pipeline":"agents","policies_sha256":["` +
		sumOf([]byte(policyText)) + `"],"reason":"délibération 2026-041","rule":"max_prosecutor_risk","tenants":"35*","until":"2027-06-30"}` + "\n"
	if string(text) != want {
		t.Errorf("the file is\n%s\nwant\n%s", text, want)
	}
	got, told := pipelines.ReadAcceptances(root, pipelines.Approvers{Privacy: []minisign.PublicKey{other, pub}})
	if len(got) != 1 || len(told) != 0 {
		t.Fatalf("%d count, told %s", len(got), codes(told))
	}
	if got[0].Key != pipelines.KeyName(pub.ID()) || got[0].Sum != sumOf(text) || got[0].File != filepath.Base(file) {
		t.Errorf("read back as %+v", got[0])
	}
	// An approver of operations does not answer for privacy, nor does nobody.
	for _, by := range []pipelines.Approvers{{Operations: []minisign.PublicKey{pub}}, {Privacy: []minisign.PublicKey{other}}, {}} {
		got, told = pipelines.ReadAcceptances(root, by)
		if len(got) != 0 || codes(told) != messages.AcceptanceKey.Code {
			t.Errorf("of others' keys: %d count, told %s", len(got), codes(told))
		}
	}
}

// A policy for each of some thousand towns is not too much for one acceptance; what nobody
// would read is not signed.
func TestAnAcceptanceOfManyPolicies(t *testing.T) {
	pub, key := approver(t, 1)
	a := anAcceptance()
	a.Policies = nil
	for town := range 10000 {
		a.Policies = append(a.Policies, sumOf(fmt.Append(nil, town)))
	}
	root := t.TempDir()
	put(t, root, a, key)
	if got, told := pipelines.ReadAcceptances(root, pipelines.Approvers{Privacy: []minisign.PublicKey{pub}}); len(got) != 1 || len(told) != 0 {
		t.Errorf("%d count, told %s", len(got), codes(told))
	}
	for range 3 {
		a.Policies = append(a.Policies, a.Policies...)
	}
	if _, _, _, err := a.Sign(key, acceptedOn); err == nil {
		t.Errorf("%d policies are signed", len(a.Policies))
	}
}

// One byte that is changed, added or left out anywhere, in the file or in its signature,
// and nothing is accepted any more.
func TestOneByteTakesAnAcceptanceAway(t *testing.T) {
	pub, key := approver(t, 1)
	by := pipelines.Approvers{Privacy: []minisign.PublicKey{pub}}
	root := t.TempDir()
	file, signature := put(t, root, anAcceptance(), key)
	for _, path := range []string{file, signature} {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		try := func(what string, data []byte) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			got, told := pipelines.ReadAcceptances(root, by)
			if len(got) != 0 || len(told) != 1 {
				t.Errorf("%s: %s: %d count, told %s", filepath.Base(path), what, len(got), codes(told))
			}
		}
		for i := range whole {
			for _, x := range []byte{1, 0x20, 0x80} {
				changed := bytes.Clone(whole)
				changed[i] ^= x
				try(fmt.Sprintf("byte %d changed by %#x", i, x), changed)
			}
			try(fmt.Sprintf("byte %d left out", i), append(bytes.Clone(whole[:i]), whole[i+1:]...))
		}
		for i := 0; i <= len(whole); i++ {
			for _, more := range []byte{' ', '\n', '\r', '=', 'A', 0} {
				if more == '\r' && path == file && i == len(whole)-1 {
					continue // the line end of Windows, see below
				}
				try(fmt.Sprintf("%q at %d", more, i), append(append(bytes.Clone(whole[:i]), more), whole[i:]...))
			}
		}
		try("nothing in it", nil)
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, told := pipelines.ReadAcceptances(root, by); len(got) != 1 || len(told) != 0 {
		t.Fatalf("put back, %d count, told %s", len(got), codes(told))
	}
	// A system that ends all lines otherwise changes nothing that is said.
	for _, path := range []string{file, signature} {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, told := pipelines.ReadAcceptances(root, by); len(got) != 1 || len(told) != 0 {
		t.Errorf("with the line ends of Windows %d count, told %s", len(got), codes(told))
	}
}

// What an approver signed and lavoir would not write counts for nothing: it could be
// read in two ways.
func TestOnlyOneWayToWriteAnAcceptance(t *testing.T) {
	pub, key := approver(t, 1)
	by := pipelines.Approvers{Privacy: []minisign.PublicKey{pub}}
	root := t.TempDir()
	file, signature := put(t, root, anAcceptance(), key)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string][2]string{
		"a space":          {`,"format"`, `, "format"`},
		"a later format":   {`"format":1`, `"format":2`},
		"another kind":     {`"kind":"privacy"`, `"kind":"operations"`},
		"another name":     {`"kind":`, `"nature":`},
		"a name twice":     {`"kind":`, `"kind":"x","kind":`},
		"no such day":      {"2027-06-30", "2027-06-31"},
		"no reason":        {"délibération 2026-041", ""},
		"a broken pattern": {"35*", "[35"},
		"no pipeline":      {`"agents"`, `""`},
		"a number":         {"0.25", "2.5e-1"},
		"below nothing":    {"0.25", "-0.25"},
		"another end":      {`"2027-06-30"}`, `"2027-06-30"} {}`},
	} {
		data := []byte(strings.Replace(string(whole), change[0], change[1], 1))
		if bytes.Equal(data, whole) {
			t.Fatalf("%s: nothing is changed", what)
		}
		r := minisign.NewReader(bytes.NewReader(data))
		if _, err := bytes.NewBuffer(nil).ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		for path, data := range map[string][]byte{file: data, signature: r.SignWithComments(key, "timestamp:1", "signature from minisign secret key")} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, told := pipelines.ReadAcceptances(root, by); len(got) != 0 || codes(told) != messages.AcceptanceUnreadable.Code {
			t.Errorf("%s: %d count, told %s", what, len(got), codes(told))
		}
	}
	if err := os.Remove(signature); err != nil {
		t.Fatal(err)
	}
	if got, told := pipelines.ReadAcceptances(root, by); len(got) != 0 || codes(told) != messages.AcceptanceUnreadable.Code {
		t.Errorf("without its signature: %d count, told %s", len(got), codes(told))
	}
}

func TestApproversAreMinisignKeys(t *testing.T) {
	pub, _ := approver(t, 1)
	if k, err := pipelines.ParseApprover(pub.String()); err != nil || !k.Equal(pub) {
		t.Errorf("%s: %v", pub, err)
	}
	for _, bad := range []string{"", "RW", "dpo", pub.String() + "\n", " " + pub.String(), pub.String()[:55], "A" + pub.String()[1:], "untrusted comment: x\n" + pub.String()} {
		if _, err := pipelines.ParseApprover(bad); !messages.Has(err, messages.BadApprover) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// asked is whether a task may rest on an acceptance, and what is noted.
func asked(a pipelines.Acceptance, task pipelines.TaskID, policy string, now time.Time, rule, column string, figure float64) (bool, string) {
	var told []*messages.Error
	env := pipelines.Env{Now: func() time.Time { return now }, Task: task, Note: func(m *messages.Error) { told = append(told, m) }}
	env = env.Accepting([]pipelines.SignedAcceptance{{Acceptance: a, File: "a.json"}}, []byte(policy))
	return env.Accepted(rule, column, figure), codes(told)
}

func TestAnAcceptanceIsBoundToWhatWasDecided(t *testing.T) {
	task := pipelines.TaskID{Pipeline: "agents", Tenant: "350001", Partition: "2024"}
	last := time.Date(2027, 6, 30, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		what   string
		change func(a *pipelines.Acceptance, t *pipelines.TaskID, policy *string, now *time.Time, column *string, figure *float64)
		want   bool
		told   *messages.Message
	}{
		{"as accepted", nil, true, messages.AcceptanceApplied},
		{"the day after", func(_ *pipelines.Acceptance, _ *pipelines.TaskID, _ *string, now *time.Time, _ *string, _ *float64) {
			*now = now.Add(time.Second)
		}, false, messages.AcceptanceExpired},
		{"another policy", func(_ *pipelines.Acceptance, _ *pipelines.TaskID, policy *string, _ *time.Time, _ *string, _ *float64) {
			*policy += " "
		}, false, messages.AcceptancePolicy},
		{"another tenant", func(_ *pipelines.Acceptance, t *pipelines.TaskID, _ *string, _ *time.Time, _ *string, _ *float64) {
			t.Tenant = "220001"
		}, false, messages.AcceptanceTenant},
		{"another night", func(_ *pipelines.Acceptance, t *pipelines.TaskID, _ *string, _ *time.Time, _ *string, figure *float64) {
			t.Partition, *figure = "2025", 0.21
		}, true, messages.AcceptanceApplied},
		{"above the ceiling", func(_ *pipelines.Acceptance, _ *pipelines.TaskID, _ *string, _ *time.Time, _ *string, figure *float64) {
			*figure = math.Nextafter(0.25, 1)
		}, false, messages.AcceptanceCeiling},
		{"no number", func(_ *pipelines.Acceptance, _ *pipelines.TaskID, _ *string, _ *time.Time, _ *string, figure *float64) {
			*figure = math.NaN()
		}, false, messages.AcceptanceCeiling},
		{"without a ceiling", func(a *pipelines.Acceptance, _ *pipelines.TaskID, _ *string, _ *time.Time, _ *string, _ *float64) {
			a.Ceiling = nil
		}, false, messages.AcceptanceCeiling},
		{"another pipeline", func(_ *pipelines.Acceptance, t *pipelines.TaskID, _ *string, _ *time.Time, _ *string, _ *float64) {
			t.Pipeline = "familles"
		}, false, nil},
		{"another column", func(_ *pipelines.Acceptance, _ *pipelines.TaskID, _ *string, _ *time.Time, column *string, _ *float64) {
			*column = "objet"
		}, false, nil},
	} {
		a, of, policy, now, column, figure := anAcceptance(), task, policyText, last, "", 0.25
		if c.change != nil {
			c.change(&a, &of, &policy, &now, &column, &figure)
		}
		got, told := asked(a, of, policy, now, "max_prosecutor_risk", column, figure)
		want := ""
		if c.told != nil {
			want = c.told.Code
		}
		if got != c.want || told != want {
			t.Errorf("%s: %v, told %s, want %v, %s", c.what, got, told, c.want, want)
		}
	}
	if (pipelines.Env{}).Accepted("max_uniques", "", 1) {
		t.Error("where nobody accepted anything, something is")
	}
}

func TestAnEndIsToldBefore(t *testing.T) {
	s := pipelines.SignedAcceptance{Acceptance: anAcceptance()}
	for day, want := range map[string]*messages.Message{
		"2026-11-30": nil, "2027-05-30": nil, "2027-06-01": messages.AcceptanceExpires, "2027-06-30": messages.AcceptanceExpires,
		"2027-07-01": messages.AcceptanceExpired, "2030-01-01": messages.AcceptanceExpired,
	} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Expiry(now)
		if (got == nil) != (want == nil) || got != nil && got.Message != want {
			t.Errorf("on %s: %v", day, got)
		}
	}
}

// Who accepts the figure that was shown accepts what was found.
func TestAFigureIsNeverShownAsLess(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.2: "0.2", 1: "1", 1.0 / 3: "0.3334", 1.0 / 7: "0.1429", 12: "12", 1e-9: "0.0001", 100: "100"} {
		if got := pipelines.Figure(x); got != want {
			t.Errorf("%v is shown as %s, want %s", x, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(0, 1e6).Draw(t, "figure")
		var shown float64
		if _, err := fmt.Sscan(pipelines.Figure(x), &shown); err != nil || shown < x || shown > x+0.0001001 {
			t.Fatalf("%v is shown as %s", x, pipelines.Figure(x))
		}
	})
}

func TestTenantsAreGlobs(t *testing.T) {
	for _, c := range []struct {
		glob, tenant string
		want         bool
	}{{"35*", "350001", true}, {"35*", "220001", false}, {"*", "", true}, {"35*", "", false}, {"3[56]*", "360001", true}, {"*", "a/b", true}, {"[", "[", false}} {
		if got := pipelines.MatchesTenant(c.glob, c.tenant); got != c.want {
			t.Errorf("%q covers %q: %v", c.glob, c.tenant, got)
		}
	}
}

// Files that minisign 0.11 made: minisign -G -W, then minisign -S and minisign -S -l.
const (
	minisignKey  = "RWTSl2MaSzRuAnhDGiic4XLhI4HxyTBoqvxKQelIDO6/ZyjinTBpQZN2"
	minisignText = `{"accepted":"2026-11-30","ceiling":0.25,"format":1,"kind":"privacy","pipeline":"agents","policies_sha256":["0000000000000000000000000000000000000000000000000000000000000000"],"reason":"avis 2026-041","rule":"max_prosecutor_risk","tenants":"35*","until":"2999-12-31"}` + "\n"
	minisignED   = "untrusted comment: signature from minisign secret key\n" +
		"RUTSl2MaSzRuAruIDreZ+aXHX1+P2ewp1dKRE0sSpJbZc1MQ6uK17baKJVOYlVhAdJ6/glFXUZa9Ns4I2/NUTHp+/NR8LZ2SHg0=\n" +
		"trusted comment: timestamp:1796032505\tfile:vecteur.json\thashed\n" +
		"ixJK1J7McaTTHZwCh0FSrnSjNRcwlKP4KBTOsWIT2ZpZQnVMirVV0/XIUvAfD7tqzQ3TYEdU54oyDlzkdR3qDw==\n"
	minisignEd = "untrusted comment: signature from minisign secret key\n" +
		"RWTSl2MaSzRuAiKgiiLPL0PQMW3WL1nhQyriQOTrifL2kmrhfeHkFjIDL07pwi8/G0GoDO/MD/w/wuWqKck/ZNauA9M7qiOkHAU=\n" +
		"trusted comment: timestamp:1796032505\tfile:ancien.json\n" +
		"psisrb41CKurENczf87LgOE6lXyBK/3tW3tb+LygCTexRgfa+oWfnhn++lNAlFu1MSW9dnu+OG7oVAsMd9AQCg==\n"
	minisignSecret = "untrusted comment: minisign encrypted secret key\n" +
		"RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0pdjGks0bgKzMMpLmhyjesV92gZhnleBZDIX6z7DHPm6ZKR21yS/QXhDGiic4XLhI4HxyTBoqvxKQelIDO6/ZyjinTBpQZN2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
)

func TestWhatMinisignSignedCounts(t *testing.T) {
	pub, err := pipelines.ParseApprover(minisignKey)
	if err != nil {
		t.Fatal(err)
	}
	if got := pipelines.KeyName(pub.ID()); got != "26E344B1A6397D2" {
		t.Errorf("the key is %s, minisign says 26E344B1A6397D2", got)
	}
	for what, signature := range map[string]string{"prehashed": minisignED, "legacy": minisignEd} {
		root := t.TempDir()
		dir := filepath.Join(root, pipelines.AcceptancesFolder)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]string{"a.json": minisignText, "a.json.minisig": signature, "LISEZMOI.md": "autre chose"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, told := pipelines.ReadAcceptances(root, pipelines.Approvers{Privacy: []minisign.PublicKey{pub}})
		if len(got) != 1 || len(told) != 0 || got[0].Rule != "max_prosecutor_risk" {
			t.Errorf("%s: %d count, told %s", what, len(got), codes(told))
		}
	}
	// Ed25519 is deterministic: signed here, the first signature is minisign's.
	var key minisign.PrivateKey
	if err := key.UnmarshalText([]byte(minisignSecret)); err != nil {
		t.Fatal(err)
	}
	_, text, signature, err := pipelines.Acceptance{Ceiling: ceiling(0.25), Pipeline: "agents", Policies: []string{strings.Repeat("0", 64)}, Reason: "avis 2026-041",
		Rule: "max_prosecutor_risk", Tenants: "35*", Until: "2999-12-31"}.Sign(key, acceptedOn)
	if err != nil || string(text) != minisignText {
		t.Errorf("%v: the text is\n%s", err, text)
	}
	if got, want := strings.Split(string(signature), "\n")[:2], strings.Split(minisignED, "\n")[:2]; strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("signed\n%s\nminisign signed\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Whatever lies in the folder, nothing counts but what was signed.
func FuzzOnlyWhatWasSignedCounts(f *testing.F) {
	pub, err := pipelines.ParseApprover(minisignKey)
	if err != nil {
		f.Fatal(err)
	}
	by := pipelines.Approvers{Privacy: []minisign.PublicKey{pub}}
	f.Add([]byte(minisignText), []byte(minisignED))
	f.Add([]byte(minisignText), []byte(minisignEd))
	f.Add([]byte(strings.Replace(minisignText, "35*", "*", 1)), []byte(minisignED))
	f.Add([]byte(strings.ReplaceAll(minisignText, "\n", "\r\n")), []byte(strings.ReplaceAll(minisignED, "\n", "\r\n")))
	f.Add([]byte("{}"), []byte(minisignED+"\n"))
	f.Add([]byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, text, signature []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, pipelines.AcceptancesFolder)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{"a.json": text, "a.json.minisig": signature} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, told := pipelines.ReadAcceptances(root, by)
		if len(got)+len(told) != 1 {
			t.Errorf("%d count, told %s", len(got), codes(told))
		}
		if len(got) == 1 && strings.ReplaceAll(string(text), "\r\n", "\n") != minisignText {
			t.Errorf("what nobody signed counts: %q", text)
		}
	})
}
