package pipelines

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// A journal proves what became public of a task, when, by which rule and which
// version. It is a sequence of small objects beside the evidence, one an entry:
// nothing is ever changed or appended to, since stores cannot append. Entries are
// numbered from 1 without a gap, each has the hash of the one before it, and each
// is sealed with the key of the fingerprints: an entry that was altered or removed
// shows, also to who cannot trust those who may write to the store, and that the
// last ones were removed shows next to what is public (see VerifyTasks). An entry is
// written only if nobody took its number, so that runs at once line up.
//
// A publication is in the journal once it is public. A run that is killed in
// between leaves that to the next one, which finds a release that the journal does
// not know, before it publishes itself.
type journal struct {
	run   string
	key   []byte
	now   func() time.Time
	store EvidenceStore
	task  TaskID
	moved []TaskID // names the task had before

	known bool // the fields below were read
	last  *entry
	sum   string // of the last entry
	from  *link
	stood []Standing // when there is no entry yet: what the journal of a former name says
}

// Events of a journal.
const (
	eventPublished = "published" // a release became current
	eventConfirmed = "confirmed" // a run would publish what is current already, under another configuration or authorization
	eventFound     = "found"     // a release is current and the journal did not know
	eventRefused   = "refused"   // a contract, a check or the privacy gate said no
	eventHeld      = "held"      // there is no authorization, and nothing is public; with a code, the privacy gate waits, and what is public stays
	eventWithdrawn = "withdrawn" // the authorization is gone, and what is public stays
)

const entryFormat = 1

// entry is one event. What stands is public from then on; what an entry that comes
// late published is not, since something later is.
type entry struct {
	Format        int        `json:"format"`
	Number        int        `json:"number"`
	Before        string     `json:"previous_sha256,omitempty"` // of the entry before
	Continues     *link      `json:"continues,omitempty"`       // in the first entry of a task that was renamed
	At            time.Time  `json:"at"`
	Run           string     `json:"run"`
	Task          TaskID     `json:"task"`
	Event         string     `json:"event"`
	Code          string     `json:"code,omitempty"` // why it was refused
	Authorization string     `json:"authorization,omitempty"`
	ConfigSum     string     `json:"configuration_sha256,omitempty"`
	PolicySum     string     `json:"policy_sha256,omitempty"`
	Versions      *Versions  `json:"versions,omitempty"`
	Fingerprint   string     `json:"input_fingerprint,omitempty"` // keyed
	Made          string     `json:"made_of,omitempty"`           // keyed, see flowRun.made
	Evidence      string     `json:"evidence,omitempty"`          // name, beside the journal
	EvidenceSum   string     `json:"evidence_sha256,omitempty"`
	Published     []Standing `json:"published,omitempty"` // what became current
	Stands        []Standing `json:"stands,omitempty"`
	Key           string     `json:"key"`  // tells keys apart, and no more
	Seal          string     `json:"seal"` // HMAC-SHA-256 of the entry with an empty seal
}

// link is the last entry of the journal that a task had under a former name.
type link struct {
	Task   TaskID `json:"task"`
	Number int    `json:"number"`
	Sum    string `json:"sha256"`
}

// Standing is what one load has current.
type Standing struct {
	Load       string `json:"load"`
	Where      string `json:"where"`
	Release    string `json:"release"`
	Previous   string `json:"previous,omitempty"`
	Generation int64  `json:"generation,omitempty"`
}

func (s Standing) is(o Standing) bool {
	return s.Load == o.Load && s.Release == o.Release && s.Generation == o.Generation
}

func (s Standing) after(o Standing) bool { return s.Load == o.Load && s.Generation > o.Generation }

var entryName = regexp.MustCompile(`^[0-9]{10}\.json$`)

func (j *journal) name(number int) string {
	return path.Join(folderOf(j.task), JournalFolder, fmt.Sprintf("%010d.json", number))
}

func (r *run) journalOf(s EvidenceStore, t TaskID) *journal {
	j := &journal{run: r.id, key: r.key, now: r.opt.Now, store: s, task: t}
	if r.Formerly != nil {
		j.moved = r.Formerly(t)
	}
	return j
}

// numbers are those of the entries there are.
func (j *journal) numbers(ctx context.Context) ([]int, error) {
	names, err := j.store.ListEvidence(ctx, path.Join(folderOf(j.task), JournalFolder))
	var ns []int
	for _, name := range names {
		if entryName.MatchString(name) {
			n, _ := strconv.Atoi(strings.TrimSuffix(name, ".json"))
			ns = append(ns, n)
		}
	}
	slices.Sort(ns)
	return ns, err
}

// read gives an entry and its bytes. One that cannot be understood is an entry
// that says nothing: only VerifyTasks minds.
func (j *journal) read(ctx context.Context, number int) (e *entry, data []byte, err error) {
	data, err = j.store.ReadEvidence(ctx, j.name(number))
	if err != nil {
		return nil, nil, err
	}
	e = &entry{}
	if json.Unmarshal(data, e) != nil || e.Format != entryFormat || e.Number != number {
		e = &entry{Number: number}
	}
	return e, data, nil
}

// open finds the last entry.
func (j *journal) open(ctx context.Context) error {
	if j.known {
		return nil
	}
	ns, err := j.numbers(ctx)
	if err != nil {
		return err
	}
	j.last, j.sum, j.from, j.stood = nil, "", nil, nil
	if len(ns) > 0 {
		var data []byte
		if j.last, data, err = j.read(ctx, ns[len(ns)-1]); err != nil {
			return err
		}
		j.sum = fullSum(data)
	} else if err := j.openFormer(ctx); err != nil {
		return err
	}
	j.known = true
	return nil
}

func (j *journal) openFormer(ctx context.Context) error {
	for _, t := range j.moved {
		former := &journal{store: j.store, task: t}
		if err := former.open(ctx); err != nil {
			return err
		}
		if former.last != nil {
			j.from, j.stood = &link{t, former.last.Number, former.sum}, former.last.Stands
			return nil
		}
	}
	return nil
}

// stands is what is public as far as the journal knows.
func (j *journal) stands() []Standing {
	if j.last != nil {
		return j.last.Stands
	}
	return j.stood
}

// add puts what write gives at the end, if it gives anything. write is called
// again, with the journal as it then is, when another run added in between.
func (j *journal) add(ctx context.Context, write func() (*entry, error)) error {
	const patience = 100 // other runs of this task that add at the same time
	for range patience {
		if err := j.open(ctx); err != nil {
			return err
		}
		e, err := write()
		if err != nil || e == nil {
			return err
		}
		e.Format, e.Number, e.Before, e.Continues, e.At, e.Run, e.Task = entryFormat, 1, j.sum, j.from, j.now().UTC(), j.run, j.task
		if j.last != nil {
			e.Number = j.last.Number + 1
		}
		data, err := j.sealed(e)
		if err != nil {
			return err
		}
		err = j.store.AddEvidence(ctx, j.name(e.Number), data)
		if messages.Has(err, messages.ConditionFailed) {
			if there, e := j.store.ReadEvidence(ctx, j.name(e.Number)); e == nil && bytes.Equal(there, data) {
				err = nil // it is ours: the answer was lost
			}
		}
		if err == nil {
			j.last, j.sum, j.from = e, fullSum(data), nil
			return nil
		}
		if !messages.Has(err, messages.ConditionFailed) {
			return err
		}
		j.known = false
	}
	return messages.JournalBusy.With("task", j.task)
}

// sealed is an entry as it is kept.
func (j *journal) sealed(e *entry) ([]byte, error) {
	e.Key, e.Seal = j.keyName(), ""
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	e.Seal = j.mac("entry", data)
	return bytes.Replace(data, []byte(`"seal": ""`), []byte(`"seal": "`+e.Seal+`"`), 1), nil
}

// genuine says whether the bytes of e are those that were sealed; known is false
// where another key sealed them.
func (j *journal) genuine(e *entry, data []byte) (genuine, known bool) {
	if e.Key != j.keyName() {
		return false, false
	}
	unsealed := bytes.Replace(data, []byte(`"seal": "`+e.Seal+`"`), []byte(`"seal": ""`), 1)
	return hmac.Equal([]byte(e.Seal), []byte(j.mac("entry", unsealed))), true
}

func (j *journal) keyName() string { return j.mac("key", nil)[:12] }

func (j *journal) mac(what string, data []byte) string {
	h := hmac.New(sha256.New, j.key)
	fmt.Fprintf(h, "lavoir journal %s\x00%s", what, data)
	return hex.EncodeToString(h.Sum(nil))
}

// says whether the last entry has one of the events, under the same rule as e.
func (j *journal) says(e *entry, events ...string) bool {
	l := j.last
	return l != nil && slices.Contains(events, l.Event) && l.Code == e.Code && l.Authorization == e.Authorization &&
		l.ConfigSum == e.ConfigSum && l.PolicySum == e.PolicySum
}

// unknown is what of stand the journal does not know to be public, or to have been.
func (j *journal) unknown(stand []Standing) (unknown []Standing) {
	for _, s := range stand {
		if s.Release != "" && !slices.ContainsFunc(j.stands(), func(k Standing) bool { return k.is(s) || k.after(s) }) {
			unknown = append(unknown, s)
		}
	}
	return unknown
}

// overtaken says whether the journal knows a later release of one of the loads.
func (j *journal) overtaken(stand []Standing) bool {
	return slices.ContainsFunc(stand, func(s Standing) bool {
		return slices.ContainsFunc(j.stands(), func(k Standing) bool { return k.after(s) })
	})
}

// with is what stands once own was published.
func (j *journal) with(own []Standing) (stands []Standing) {
	for _, k := range j.stands() {
		if !slices.ContainsFunc(own, func(s Standing) bool { return s.Load == k.Load && !k.after(s) }) {
			stands = append(stands, k)
		}
	}
	for _, s := range own {
		if !slices.ContainsFunc(stands, func(k Standing) bool { return k.Load == s.Load }) && s.Release != "" {
			stands = append(stands, s)
		}
	}
	slices.SortFunc(stands, func(a, b Standing) int { return strings.Compare(a.Load, b.Load) })
	return stands
}

// recorded says whether an entry says that a release became current.
func (j *journal) recorded(ctx context.Context, s Standing) (bool, error) {
	for n := j.last.Number; n > 0; n-- {
		e, _, err := j.read(ctx, n)
		if err != nil && !messages.Has(err, messages.NotFound) {
			return false, err
		}
		if err == nil && slices.ContainsFunc(e.Published, s.is) {
			return true, nil
		}
	}
	return false, nil
}
