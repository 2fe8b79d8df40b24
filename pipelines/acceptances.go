package pipelines

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"aead.dev/minisign"
	"github.com/hashicorp/go-hclog"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// Approvers are the public keys of those who may accept what a check or the gate
// holds back, by what they answer for.
type Approvers struct{ Privacy, Operations []minisign.PublicKey }

// ParseApprover reads a public key as minisign writes it, without its comment.
func ParseApprover(text string) (key minisign.PublicKey, err error) {
	if err := key.UnmarshalText([]byte(text)); err != nil || key.String() != text {
		return key, messages.BadApprover.With("why", "it is not 56 letters of base64 that begin with RW")
	}
	return key, nil
}

// KeyName is the id of a key as minisign shows it.
func KeyName(id uint64) string { return fmt.Sprintf("%X", id) }

// AcceptancesFolder is where a project keeps what its approvers accepted: of each a
// .json file and, beside it, the .json.minisig that signs it.
const AcceptancesFolder = "acceptances"

// AcceptPrivacy is what an approver of privacy accepts: that a rule of a privacy
// policy is not kept. There is no other kind yet.
const AcceptPrivacy = "privacy"

// Acceptance is what an approver signs. It is bound to what was decided and never to
// what a night brings: to a rule of a pipeline under certain policies, and for a figure
// up to a ceiling.
type Acceptance struct {
	Accepted string   `json:"accepted"`          // the day
	Ceiling  *float64 `json:"ceiling,omitempty"` // of the rule's figure; nil where it has none
	Column   string   `json:"column,omitempty"`
	Format   int      `json:"format"`
	Kind     string   `json:"kind"`
	Pipeline string   `json:"pipeline"`
	Policies []string `json:"policies_sha256"` // of their canonical texts, in order
	Reason   string   `json:"reason"`
	Rule     string   `json:"rule"`
	Tenants  string   `json:"tenants"` // a glob
	Until    string   `json:"until"`   // the last day
}

// rule names the rule for people.
func (a Acceptance) rule() string { return RuleName(a.Rule, a.Column) }

// RuleName is a rule, and the column that it is about where it is about one.
func RuleName(rule, column string) string {
	if column == "" {
		return rule
	}
	return rule + " (" + column + ")"
}

// text is the one way to write an acceptance: one line, the keys in order, no space.
func (a Acceptance) text() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(a)
	return b.Bytes(), err
}

// lineFeeds is text whose line ends, all of them, a system changed to those of Windows,
// with those that were signed.
func lineFeeds(text []byte) []byte {
	if n := bytes.Count(text, []byte("\n")); n > 0 && n == bytes.Count(text, []byte("\r\n")) {
		return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	}
	return text
}

// parseAcceptance takes nothing but what text writes.
func parseAcceptance(data []byte) (a Acceptance, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&a); err != nil {
		return a, fmt.Errorf("it is no acceptance that this version knows")
	}
	if again, err := a.text(); err != nil || !bytes.Equal(again, data) {
		return a, fmt.Errorf("it is not written as lavoir accept writes it")
	}
	return a, a.check()
}

const acceptanceFormat = 1

func (a Acceptance) check() error {
	for _, day := range []string{a.Accepted, a.Until} {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return fmt.Errorf("a day in it is not written YYYY-MM-DD")
		}
	}
	_, glob := path.Match(flatKey(a.Tenants), "")
	switch {
	case a.Format != acceptanceFormat || a.Kind != AcceptPrivacy:
		return fmt.Errorf("it is no acceptance that this version knows")
	case a.Pipeline == "" || a.Rule == "" || strings.TrimSpace(a.Reason) == "" || len(a.Policies) == 0:
		return fmt.Errorf("it lacks a pipeline, a rule, a reason or a policy")
	case a.Tenants == "" || glob != nil:
		return fmt.Errorf("its tenants are no pattern")
	case a.Ceiling != nil && !(*a.Ceiling >= 0 && *a.Ceiling < math.MaxFloat64):
		return fmt.Errorf("its ceiling is no number of at least 0")
	}
	return nil
}

// flatKey makes a slash a letter like any other in a glob and in what it matches.
func flatKey(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// MatchesTenant says whether a glob covers a tenant; "" is that of a pipeline without tenants.
func MatchesTenant(glob, tenant string) bool {
	ok, err := path.Match(flatKey(glob), flatKey(tenant))
	return ok && err == nil
}

// SignedAcceptance is an acceptance whose signature is an approver's.
type SignedAcceptance struct {
	Acceptance
	File string // its name in AcceptancesFolder
	Sum  string // SHA-256 of the file
	Key  string // see KeyName
}

// untrusted is what minisign writes above a signature. It is all of a signature that
// nothing signs, and so there is one way to write it.
const untrusted = "signature from minisign secret key"

// Sign writes and signs an acceptance, and proposes the name of its file.
func (a Acceptance) Sign(key minisign.PrivateKey, now time.Time) (name string, text, signature []byte, err error) {
	a.Format, a.Kind, a.Accepted = acceptanceFormat, AcceptPrivacy, now.UTC().Format(time.DateOnly)
	if err := a.check(); err != nil {
		return "", nil, nil, err
	}
	if text, err = a.text(); err != nil {
		return "", nil, nil, err
	}
	if len(text) > acceptanceMost {
		return "", nil, nil, fmt.Errorf("an acceptance of %d policies is too large: accept fewer tenants at once", len(a.Policies))
	}
	if _, err := parseAcceptance(text); err != nil { // what no reader would take
		return "", nil, nil, err
	}
	name = a.Accepted + "-" + a.Rule + "-" + fullSum(text)[:12] + ".json"
	r := minisign.NewReader(bytes.NewReader(text))
	if _, err := bytes.NewBuffer(nil).ReadFrom(r); err != nil {
		return "", nil, nil, err
	}
	trusted := "timestamp:" + strconv.FormatInt(now.Unix(), 10) + "\tfile:" + name + "\thashed"
	return name, text, r.SignWithComments(key, trusted, untrusted), nil
}

// readSignature takes a signature written in the one way.
func readSignature(text []byte) (s minisign.Signature, err error) {
	if err := s.UnmarshalText(text); err != nil {
		return s, err
	}
	again, err := s.MarshalText()
	if err == nil && (s.UntrustedComment != untrusted || !bytes.Equal(again, text)) {
		err = fmt.Errorf("it is not written as minisign writes it")
	}
	return s, err
}

// acceptanceMost bounds what is read of a file: a thousand towns have a policy each, where
// it says who is in charge, and each of their partitions may.
const acceptanceMost = 1 << 22

// ReadAcceptances reads what approvers accepted in the project of a folder. What does not
// count is told and left out; which tasks the others apply to is for each to say.
func ReadAcceptances(root string, by Approvers) (signed []SignedAcceptance, told []*messages.Error) {
	dir := filepath.Join(root, AcceptancesFolder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		if !os.IsNotExist(err) {
			told = append(told, messages.AcceptanceUnreadable.With("file", AcceptancesFolder, "why", Unreadable(err)))
		}
		return nil, told
	}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		s, err := readAcceptance(dir, e.Name(), by)
		if err != nil {
			told = append(told, err)
			continue
		}
		signed = append(signed, s)
	}
	return signed, told
}

func readAcceptance(dir, name string, by Approvers) (s SignedAcceptance, told *messages.Error) {
	unreadable := func(why string) *messages.Error {
		return messages.AcceptanceUnreadable.With("file", name, "why", why)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return s, unreadable(Unreadable(err))
	}
	text, err := os.ReadFile(filepath.Join(dir, name+".minisig"))
	switch {
	case os.IsNotExist(err):
		return s, unreadable("its signature, the file with .minisig behind its name, is missing")
	case err != nil:
		return s, unreadable(Unreadable(err))
	case len(data) > acceptanceMost || len(text) > acceptanceMost:
		return s, unreadable("it is too large")
	}
	data = lineFeeds(data)
	signature, err := readSignature(lineFeeds(text))
	if err != nil {
		return s, messages.AcceptanceSignature.With("file", name)
	}
	key := KeyName(signature.KeyID)
	i := slices.IndexFunc(by.Privacy, func(k minisign.PublicKey) bool { return k.ID() == signature.KeyID })
	if i < 0 {
		return s, messages.AcceptanceKey.With("file", name, "key", key, "kind", AcceptPrivacy)
	}
	canonical, err := signature.MarshalText()
	if err != nil || !minisign.Verify(by.Privacy[i], data, canonical) {
		return s, messages.AcceptanceSignature.With("file", name)
	}
	a, err := parseAcceptance(data)
	if err != nil {
		return s, unreadable(err.Error())
	}
	return SignedAcceptance{Acceptance: a, File: name, Sum: fullSum(data), Key: key}, nil
}

// expiryWarning is how long before its last day an acceptance is spoken of.
const expiryWarning = 30

// expired says whether the last day of an acceptance is over.
func (s SignedAcceptance) expired(now time.Time) bool {
	return now.UTC().Format(time.DateOnly) > s.Until
}

// Expiry is what is to be told of an acceptance that has ended or soon will; nil: nothing.
func (s SignedAcceptance) Expiry(now time.Time) *messages.Error {
	switch {
	case s.expired(now):
		return messages.AcceptanceExpired.With("file", s.File, "rule", s.rule(), "until", s.Until)
	case s.expired(now.AddDate(0, 0, expiryWarning)):
		return messages.AcceptanceExpires.With("file", s.File, "rule", s.rule(), "until", s.Until)
	}
	return nil
}

// Waivable is the ability of a privacy stage to name the rules that an approver may
// relax: checks and thresholds, which it asks Env.Accepted about. A mark is none.
type Waivable interface {
	Waivable() []WaivableRule
}

// WaivableRule is a rule that may be relaxed.
type WaivableRule struct {
	Name   string
	Column string // that it is about; "": the policy as a whole
	// Threshold is what the policy allows its figure to be at most; nil: the rule has
	// no figure, and is accepted or not.
	Threshold *float64
}

// accepting is what approvers accepted, for one task to ask. The others share it with
// copies of the task's Env.
type accepting struct {
	all    []SignedAcceptance
	policy string // hash of the task's
	mu     sync.Mutex
	used   []usedAcceptance
}

// usedAcceptance is an acceptance that a task rests on, for its evidence.
type usedAcceptance struct {
	File     string  `json:"file"`
	Sum      string  `json:"sha256"`
	Key      string  `json:"key"`
	Rule     string  `json:"rule"`
	Column   string  `json:"column,omitempty"`
	Figure   float64 `json:"figure"`
	Ceiling  float64 `json:"ceiling"`
	Until    string  `json:"until"`
	Tenants  string  `json:"tenants"`
	Accepted string  `json:"accepted"`
	Reason   string  `json:"reason"`
}

// Accepting is the Env of a task for which approvers accepted this, whose policy has
// that canonical text.
func (e Env) Accepting(all []SignedAcceptance, policy []byte) Env {
	e.accepting = &accepting{all: all, policy: fullSum(policy)}
	return e
}

// Accepted is asked about a rule of the task's policy that an approver may answer for:
// about a column, or "" for none, and with the figure that was found, or 0 for a rule
// that has none. It says whether one accepted that, as of Now. The report then notes
// the acceptance that the task rests on, else why those that there are do not apply.
func (e Env) Accepted(rule, column string, figure float64) bool {
	if e.accepting == nil {
		return false
	}
	var why []*messages.Error
	for _, s := range e.accepting.all {
		if s.Pipeline != e.Task.Pipeline || s.Rule != rule || s.Column != column {
			continue
		}
		told := s.covers(e.Task, e.accepting.policy, figure, e.Now())
		if told == nil {
			e.accepting.use(s, figure)
			e.note(messages.AcceptanceApplied.With("rule", s.rule(), "file", s.File, "until", s.Until))
			return true
		}
		why = append(why, told)
	}
	for _, told := range why {
		e.note(told)
	}
	return false
}

func (e Env) note(m *messages.Error) {
	if e.Note != nil {
		e.Note(m)
	}
}

// covers is nil where an acceptance of the rule holds for a task, else why not.
func (s SignedAcceptance) covers(t TaskID, policy string, figure float64, now time.Time) *messages.Error {
	ceiling := s.ceiling()
	switch {
	case !slices.Contains(s.Policies, policy):
		return messages.AcceptancePolicy.With("file", s.File, "rule", s.rule(), "pipeline", t.Pipeline)
	case s.expired(now):
		return s.Expiry(now)
	case !MatchesTenant(s.Tenants, t.Tenant):
		return messages.AcceptanceTenant.With("file", s.File, "rule", s.rule(), "tenants", s.Tenants)
	case !(figure <= ceiling): // nor what is no number
		return messages.AcceptanceCeiling.With("file", s.File, "rule", s.rule(), "figure", Figure(figure), "ceiling", Figure(ceiling))
	}
	return nil
}

func (s SignedAcceptance) ceiling() float64 {
	if s.Ceiling == nil {
		return 0
	}
	return *s.Ceiling
}

// Figure writes the figure of a rule with four decimals at most, never as less than it
// is: who accepts what was shown accepts what was found.
func Figure(x float64) string {
	s := strconv.FormatFloat(x, 'f', 4, 64)
	for up := 0.00005; up < 0.001; up *= 2 { // a float is not quite what it is written as
		if shown, err := strconv.ParseFloat(s, 64); err != nil || shown >= x {
			break
		}
		s = strconv.FormatFloat(x+up, 'f', 4, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func (a *accepting) use(s SignedAcceptance, figure float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := usedAcceptance{File: s.File, Sum: s.Sum, Key: s.Key, Rule: s.Rule, Column: s.Column, Figure: figure, Ceiling: s.ceiling(),
		Until: s.Until, Tenants: s.Tenants, Accepted: s.Acceptance.Accepted, Reason: s.Reason}
	if !slices.Contains(a.used, u) {
		a.used = append(a.used, u)
	}
}

// rests is what a task rests on.
func (a *accepting) rests() []usedAcceptance {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.used)
}

// stale are the acceptances for a task that were made under other policies.
func (p *Project) stale(t Task) (told []*messages.Error) {
	if len(p.Acceptances) == 0 {
		return nil
	}
	policy := fullSum(t.Policy)
	for _, s := range p.Acceptances {
		if s.Pipeline == t.ID.Pipeline && MatchesTenant(s.Tenants, t.ID.Tenant) && !slices.Contains(s.Policies, policy) {
			told = append(told, messages.AcceptancePolicy.With("file", s.File, "rule", s.rule(), "pipeline", s.Pipeline))
		}
	}
	return told
}

// orphaned are the acceptances for pipelines of which there is no task.
func (p *Project) orphaned(pipelines map[string]bool) (told []*messages.Error) {
	for _, s := range p.Acceptances {
		if !pipelines[s.Pipeline] {
			told = append(told, messages.AcceptancePipeline.With("file", s.File, "rule", s.rule(), "pipeline", s.Pipeline))
		}
	}
	return told
}

// Rule is a rule that can be accepted, in all the tasks of a pipeline that have it.
type Rule struct {
	WaivableRule
	Pipeline string
	Policies []string // of the tasks, in order
	Tenants  []string // in the order of the tasks; "" where the pipeline has none
}

// Rules are the rules of the selected tasks that an approver may relax, pipeline by
// pipeline as their policies name them. It contacts nothing.
func Rules(p *Project, sel Selection, log hclog.Logger) (rules []*Rule, err error) {
	base := offlineEnv(log)
	built := map[string][]WaivableRule{} // by pipeline and policy
	diags := p.Tasks(sel, func(t Task) bool {
		if !t.Chain.Privacy.IsSet() {
			return true
		}
		sum := fullSum(t.Policy)
		key := t.ID.Pipeline + "\x00" + sum
		mine, known := built[key]
		if !known {
			var privacy Privacy
			if privacy, err = As[Privacy](t.Chain.Privacy, taskEnv(p, t, base)); err != nil {
				err = &StepError{t.ID, "privacy", err}
				return false
			}
			if w, ok := privacy.(Waivable); ok {
				mine = w.Waivable()
			}
			built[key] = mine
		}
		for _, w := range mine {
			i := slices.IndexFunc(rules, func(r *Rule) bool {
				return r.Pipeline == t.ID.Pipeline && r.Name == w.Name && r.Column == w.Column
			})
			if i < 0 {
				i = len(rules)
				rules = append(rules, &Rule{WaivableRule: w, Pipeline: t.ID.Pipeline})
			}
			rules[i].add(w, sum, t.ID.Tenant)
		}
		return true
	})
	if err == nil && diags.HasErrors() {
		err = diags
	}
	return rules, err
}

// add takes a task into the rule. Of several thresholds the greatest counts, so that an
// acceptance relaxes the rule for whoever it covers.
func (r *Rule) add(w WaivableRule, policy, tenant string) {
	if at, found := slices.BinarySearch(r.Policies, policy); !found {
		r.Policies = slices.Insert(r.Policies, at, policy)
	}
	if !slices.Contains(r.Tenants, tenant) {
		r.Tenants = append(r.Tenants, tenant)
	}
	if w.Threshold != nil && (r.Threshold == nil || *w.Threshold > *r.Threshold) {
		r.Threshold = w.Threshold
	}
}
