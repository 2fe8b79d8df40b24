package pipelines

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/gofrs/flock"
	"github.com/hashicorp/hcl/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// SubjectFinder is the ability of a privacy stage to say whose the rows are.
type SubjectFinder interface {
	// SubjectColumn is the column of its input that tells whose a row is, "" where the
	// policy names none, and what leaves of it: "pseudonym", "masked",
	// "shown" as it is or coarser, or "" for nothing.
	SubjectColumn() (column, leaves string)
	// FindSubject counts the rows whose column is that key, in the form the policy
	// compares it. It owns in.
	FindSubject(ctx context.Context, in Stream, column, key string) (rows int64, err error)
}

// Opposer is the ability of a privacy stage to keep the list of those who objected.
type Opposer interface {
	// Oppose adds persons to the list, or takes them off it, and confirms that it is
	// whole; without keys it confirms alone. changed says of each key whether the list
	// was otherwise before, total is how many persons it has now.
	Oppose(ctx context.Context, keys []string, withdraw bool) (changed []bool, total int, err error)
}

// FoundSubject is what a task would read of one person now. It holds no value.
type FoundSubject struct {
	Task   Task
	Column string // that was compared; "": no column tells, and nothing was read
	Leaves string // see SubjectFinder
	// Held, Absent: nothing was looked at, because nobody allowed the task or because
	// there is nothing to read.
	Held, Absent bool
	Rows         int64 // of the person
	Rejected     int64 // that cannot be read, and may be anybody's
	Err          error
}

// FindSubject reads the rows of each of the selected tasks up to its privacy stage,
// several tasks at once within the caps of their connections, and gives in the order of
// the plan how many are of the person with that key. column, when not "", is compared in
// place of what the policies say. Nothing is published, noted or taken away.
func FindSubject(ctx context.Context, p *Project, sel Selection, opt RunOptions, column, key string, yield func(FoundSubject) bool) (diags hcl.Diagnostics, err error) {
	r, err := newRun(ctx, p, opt, countTasks(p, sel))
	if err != nil {
		return nil, err
	}
	defer r.close()
	caps := newCaps()
	next, stop := iter.Pull(func(yield func(Task) bool) {
		diags = p.Tasks(sel, func(t Task) bool { return yield(t) && ctx.Err() == nil })
	})
	defer stop()
	o := &ordered[Task, FoundSubject]{
		workers: min(runtime.GOMAXPROCS(0), max(1, r.Bounds.Tasks)),
		next: func(context.Context) (Task, error) {
			if t, ok := next(); ok {
				return t, nil
			}
			return Task{}, io.EOF
		},
		work: func(ctx context.Context, _ int, t Task) (FoundSubject, error) {
			needs := demands(t)
			if err := caps.take(ctx, needs); err != nil {
				return FoundSubject{}, err
			}
			defer caps.give(needs)
			found := FoundSubject{Task: t}
			if err := contain(func() error { return r.findSubject(ctx, column, key, &found) }); err != nil {
				found.Err = err
			}
			return found, ctx.Err()
		},
	}
	defer o.close()
	for {
		found, err := o.take(ctx)
		if err == io.EOF {
			return diags, nil
		}
		if err != nil {
			return diags, err
		}
		if !yield(found) {
			return nil, nil
		}
	}
}

func (r *run) findSubject(ctx context.Context, column, key string, found *FoundSubject) error {
	if found.Task.held() {
		found.Held = true
		return nil
	}
	dir, err := os.MkdirTemp(r.dir, "task-*")
	if err != nil {
		return messages.RunFolder.Wrap(err, "folder", r.dir)
	}
	defer os.RemoveAll(dir)
	env := r.env(found.Task, dir)
	t, err := Choose(ctx, found.Task, env, true)
	if err == nil {
		found.Task = t
		err = r.countSubject(ctx, env, column, key, found)
	}
	if messages.Has(err, messages.FileNone) || messages.Has(err, messages.NothingNew) || messages.Has(err, messages.NotSettled) {
		found.Absent, err = true, nil
	}
	return err
}

func (r *run) countSubject(ctx context.Context, env Env, column, key string, found *FoundSubject) error {
	f, err := BuildFlow(found.Task, env)
	if err != nil {
		return err
	}
	finder, ok := f.Privacy.(SubjectFinder)
	if !ok {
		return nil
	}
	if found.Column, found.Leaves = finder.SubjectColumn(); column != "" && column != found.Column {
		found.Column, found.Leaves = column, ""
	}
	if found.Column == "" {
		return nil
	}
	fr := &flowRun{Flow: f, env: env, opt: FlowOptions{Workers: 1}, log: &rejectLog{policy: RejectPolicy{Action: "drop"}}}
	schema, err := fr.schema(ctx)
	if err != nil {
		return fr.at(fr.SourceName, err)
	}
	if fr.bind, err = fr.Bind(ctx, schema, true); err != nil {
		return err
	}
	rows, err := fr.read(ctx, fr.bind, fr.opt.Workers, fr.seed(), fr.log.take, nil)
	if err != nil {
		return err
	}
	if found.Rows, err = finder.FindSubject(ctx, rows, found.Column, key); err != nil {
		return fr.at("privacy", err)
	}
	found.Rejected = fr.log.count
	return nil
}

// LocalSubject is what the state folder of a project holds of one person.
type LocalSubject struct {
	// Quarantine are the files with rows of the person, by the name that begins with
	// the task's, and how many rows; Closed is how many files could not be read.
	Quarantine []QuarantinedSubject
	Closed     int
	// Running is how many runs are going on: what they keep on disk cannot be read, and
	// goes with them. What killed ones left was removed.
	Running int
}

// QuarantinedSubject is a file of the quarantine.
type QuarantinedSubject struct {
	File string
	Rows int64
}

// FindLocalSubject looks for the text of a key in the rows of the quarantine, without
// regard to case and accents' composition, where no letter or digit stands beside it;
// what looks like it counts. identities decrypt; without any nothing is read. With erase
// the rows that were found are removed from the files.
func FindLocalSubject(ctx context.Context, p *Project, key string, identities io.Reader, erase bool) (found LocalSubject, err error) {
	work := filepath.Join(p.State, "work")
	sweep(work, "")
	found.Running = running(work)
	var ids []age.Identity
	if identities != nil {
		if ids, err = age.ParseIdentities(identities); err != nil {
			return found, messages.BadIdentity.With("why", "it holds no key of age")
		}
	}
	dir := filepath.Join(p.State, "quarantine")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return found, messages.RunFolder.Wrap(err, "folder", p.State)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".jsonl.age") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
		q := subjectFile{path: filepath.Join(dir, e.Name()), key: folded(key), ids: ids, recipients: p.Recipients, erase: erase}
		rows, err := q.look()
		switch {
		case errors.Is(err, errNoKey):
			found.Closed++
		case err != nil:
			return found, messages.RunFolder.Wrap(err, "folder", dir)
		case rows > 0:
			found.Quarantine = append(found.Quarantine, QuarantinedSubject{e.Name(), rows})
		}
	}
	return found, nil
}

// running counts the folders of runs that are going on.
func running(work string) (n int) {
	entries, err := os.ReadDir(work)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		lock := flock.New(filepath.Join(work, e.Name(), "lock"))
		if ok, err := lock.TryLock(); err == nil && !ok {
			n++
		} else if ok {
			lock.Unlock()
		}
	}
	return n
}

var errNoKey = errors.New("no identity matches")

type subjectFile struct {
	path       string
	key        string
	ids        []age.Identity
	recipients []string
	erase      bool
}

// look counts the rows of the person and, if asked to, writes the file again without
// them: whole, then in its place.
func (s subjectFile) look() (rows int64, err error) {
	if len(s.ids) == 0 {
		return 0, errNoKey
	}
	rows, all, err := s.copy(io.Discard)
	if err != nil || rows == 0 || !s.erase {
		return rows, err
	}
	if rows == all {
		return rows, os.Remove(s.path)
	}
	to, err := parseRecipients(s.recipients)
	if err != nil {
		return rows, err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), "incoming-*")
	if err != nil {
		return rows, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	w, err := age.Encrypt(f, to...)
	if err != nil {
		return rows, err
	}
	if _, _, err := s.copy(w); err != nil {
		return rows, err
	}
	if err := w.Close(); err != nil {
		return rows, err
	}
	if err := f.Sync(); err != nil {
		return rows, err
	}
	if err := f.Close(); err != nil {
		return rows, err
	}
	return rows, os.Rename(f.Name(), s.path)
}

// copy writes the rows that are not of the person.
func (s subjectFile) copy(to io.Writer) (found, all int64, err error) {
	f, err := os.Open(s.path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	in, err := age.Decrypt(f, s.ids...)
	if errors.As(err, new(*age.NoIdentityMatchError)) {
		return 0, 0, errNoKey
	} else if err != nil {
		return 0, 0, err
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return found, all, nil
		} else if err != nil {
			return found, all, err
		}
		var row quarantined
		if err := json.Unmarshal(line, &row); err != nil {
			return found, all, fmt.Errorf("a row of the quarantine is no JSON: %w", err)
		}
		all++
		if standsIn(folded(asText(row.Raw)), s.key) {
			found++
			continue
		}
		if _, err := to.Write(line); err != nil {
			return found, all, err
		}
	}
}

// asText reads bytes as UTF-8, and as what French software writes where they are not.
func asText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return string(b)
	}
	return string(text)
}

func folded(s string) string {
	return strings.Join(strings.Fields(strings.ToUpper(norm.NFC.String(s))), " ")
}

// standsIn says whether key is in text with no letter and no digit beside it.
func standsIn(text, key string) bool {
	if key == "" {
		return false
	}
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for at := 0; ; {
		i := strings.Index(text[at:], key)
		if i < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:at+i])
		after, _ := utf8.DecodeRuneInString(text[at+i+len(key):])
		if !word(before) && !word(after) {
			return true
		}
		at += i + 1
	}
}

// Oppose keeps the lists of those who objected, of all the policies of the selected
// tasks, each once. yield is told of each; changed and total are as in Opposer.
func Oppose(ctx context.Context, p *Project, sel Selection, opt RunOptions, keys []string, withdraw bool, yield func(pipeline string, changed []bool, total int)) (hcl.Diagnostics, error) {
	seen := map[string]bool{}
	var each []Task // first all of them: a list that changes is another policy
	diags := p.Tasks(sel, func(t Task) bool {
		for _, c := range t.each() {
			if id := t.ID.Pipeline + "\x00" + string(c.Policy); !seen[id] && c.Chain.Privacy.IsSet() {
				seen[id] = true
				each = append(each, c)
			}
		}
		return ctx.Err() == nil
	})
	if diags.HasErrors() {
		return diags, nil
	}
	for _, t := range each {
		env := taskEnv(p, t, Env{Allocator: opt.Allocator, Log: opt.Log, Now: opt.Now, Rand: opt.Rand})
		privacy, err := As[Privacy](t.Chain.Privacy, env)
		if err != nil {
			return diags, err
		}
		o, ok := privacy.(Opposer)
		if !ok {
			continue
		}
		changed, total, err := o.Oppose(ctx, keys, withdraw)
		switch {
		case messages.Has(err, messages.NoOpposition):
		case err != nil:
			return diags, err
		default:
			yield(t.ID.Pipeline, changed, total)
		}
	}
	return diags, nil
}
