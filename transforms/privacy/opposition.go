package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
	"github.com/lavoir-data/lavoir/transforms/internal/convert"
	"github.com/lavoir-data/lavoir/transforms/internal/protect"
	"github.com/lavoir-data/lavoir/transforms/internal/reject"
)

// oppositionConfig says whose rows never leave: of those who objected (GDPR art. 21)
// or asked to be erased (art. 17).
type oppositionConfig struct {
	Source    pipelines.PersonsFile `hcl:"source" doc:"The list of those who objected: a file of the project that lavoir subject oppose keeps. It holds keyed hashes, and nobody's name."`
	Key       string                `hcl:"key" doc:"The column that tells whose a row is, as it was asked for when somebody objected."`
	Secret    pipelines.Secret      `hcl:"secret" doc:"The key of the hashes: a secret of 32 bytes or more."`
	MaxAge    time.Duration         `hcl:"max_age" doc:"How long ago somebody may last have confirmed that the list is whole; a list that is older, or missing, lets nothing out."`
	Canonical string                `hcl:"canonical,optional" doc:"text, the default, compares without regard to case and spaces; exact, as written; identifier, letters and digits alone." values:"text|exact|identifier"`
}

func (o oppositionConfig) Validate() error {
	if o.MaxAge <= 0 {
		return pipelines.At("max_age", messages.OppositionAge.With())
	}
	return nil
}

func (o oppositionConfig) form() protect.Form {
	if o.Canonical == "" {
		return protect.Text
	}
	return protect.Form(o.Canonical)
}

// The first line of a list of oppositions, and what is added to its name for the file
// that says when it was last confirmed. That is beside the list, because the list counts
// as configuration: a release is made again when somebody objects, not when somebody
// looked.
const oppositionHead, confirmedEnding = "lavoir oppositions 1 ", ".confirmed"

// opposed are the persons whose rows never leave, as keyed hashes. The key is fetched
// by who compares: a decision holds none.
type opposed struct {
	column string
	form   protect.Form
	listed map[string]bool
	seal   string
}

// oppositions is the list as it was when the policy was built.
type oppositions struct {
	listed    map[string]bool
	seal      string
	confirmed time.Time
	err       error // why it cannot be used; told when rows are to leave
}

func (c policyConfig) oppositions(env pipelines.Env) (o oppositions) {
	if c.Opposition == nil {
		return o
	}
	path := env.Path(string(c.Opposition.Source))
	if o.listed, o.seal, o.err = readOppositions(path); o.err != nil {
		return o
	}
	name := filepath.Base(path) + confirmedEnding
	at, err := os.ReadFile(path + confirmedEnding)
	if err != nil {
		o.err = messages.OppositionMissing.With("file", name, "why", pipelines.Unreadable(err))
		return o
	}
	if o.confirmed, err = time.Parse(time.RFC3339, strings.TrimSpace(string(at))); err != nil {
		o.err = messages.OppositionDamaged.With("file", name)
	}
	return o
}

// opposition is who objected. It is nil for a policy without a list. One that is missing,
// damaged or older than its age is refused: who objected last may not be in it.
func (t policy) opposition() (*opposed, error) {
	if t.Opposition == nil {
		return nil, nil
	}
	if t.list.err != nil {
		return nil, t.list.err
	}
	// What was confirmed in the future says nothing of today.
	if age := t.env.Now().Sub(t.list.confirmed); age > t.Opposition.MaxAge || age < -24*time.Hour {
		return nil, messages.OppositionStale.With("file", filepath.Base(string(t.Opposition.Source)), "at", t.list.confirmed.UTC().Format(time.DateOnly))
	}
	return &opposed{t.Opposition.Key, t.Opposition.form(), t.list.listed, t.list.seal}, nil
}

func (t policy) oppositionKey(ctx context.Context) (protect.Key, error) {
	secret, err := t.Opposition.Secret.Reveal(ctx, t.env)
	if err != nil {
		return protect.Key{}, fmt.Errorf("fetch the key of oppositions: %w", err)
	}
	root, err := protect.NewRoot(secret, "opposition")
	if err != nil {
		return protect.Key{}, err
	}
	return root.Key(protect.Scope{Domain: "opposition"})
}

// seal binds a list to its key, its column and its form: under others nobody
// would be found in it, and everybody would leave.
func (o oppositionConfig) seal(key protect.Key) string {
	return key.Pseudonyms(protect.Exact).Of("\x00" + string(o.form()) + "\x00" + o.Key)
}

func readOppositions(path string) (listed map[string]bool, seal string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, "", messages.OppositionMissing.With("file", filepath.Base(path), "why", pipelines.Unreadable(err))
	}
	damaged := messages.OppositionDamaged.With("file", filepath.Base(path))
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	seal, headed := strings.CutPrefix(lines[0], oppositionHead)
	// A list that lost its end is told by its last line.
	if len(lines) < 3 || !headed || !pseudonymous(seal) || lines[len(lines)-1] != "" || lines[len(lines)-2] != fmt.Sprintf("end %d", len(lines)-3) {
		return nil, "", damaged
	}
	listed = map[string]bool{}
	for _, l := range lines[1 : len(lines)-2] {
		if !pseudonymous(l) {
			return nil, "", damaged
		}
		listed[l] = true
	}
	return listed, seal, nil
}

// Oppose adds persons to the list, or takes them off it, and confirms that it is whole.
// Of each key it gives whether that changed the list.
func (t policy) Oppose(ctx context.Context, keys []string, withdraw bool) (changed []bool, total int, err error) {
	if t.Opposition == nil {
		return nil, 0, messages.NoOpposition.With()
	}
	key, err := t.oppositionKey(ctx)
	if err != nil {
		return nil, 0, err
	}
	path := t.env.Path(string(t.Opposition.Source))
	unlock, err := lockList(ctx, path)
	if err != nil {
		return nil, 0, err
	}
	defer unlock()
	listed, seal, err := readOppositions(path)
	_, missing := os.Stat(path)
	_, never := os.Stat(path + confirmedEnding)
	switch {
	case errors.Is(missing, fs.ErrNotExist) && errors.Is(never, fs.ErrNotExist): // else there was a list, and it is lost
		listed, err = map[string]bool{}, nil
	case err == nil && seal != t.Opposition.seal(key):
		err = messages.OppositionOther.With("file", filepath.Base(path), "column", t.Opposition.Key)
	}
	if err != nil {
		return nil, 0, err
	}
	hashes := key.Pseudonyms(t.Opposition.form())
	for _, k := range keys {
		h := hashes.Of(k)
		changed = append(changed, listed[h] == withdraw)
		if withdraw {
			delete(listed, h)
		} else {
			listed[h] = true
		}
	}
	var out bytes.Buffer
	fmt.Fprintln(&out, oppositionHead+t.Opposition.seal(key))
	all := make([]string, 0, len(listed))
	for h := range listed {
		all = append(all, h)
	}
	slices.Sort(all)
	for _, h := range all {
		fmt.Fprintln(&out, h)
	}
	fmt.Fprintf(&out, "end %d\n", len(all))
	if err := writeWhole(path, out.Bytes()); err != nil {
		return nil, 0, err
	}
	return changed, len(all), writeWhole(path+confirmedEnding, []byte(t.env.Now().UTC().Format(time.RFC3339)+"\n"))
}

// objecting finds the rows of those who objected. It is for one goroutine.
type objecting struct {
	t      policy
	o      *opposed
	hashes *protect.Pseudonyms // nil before the first batch
	known  map[string]bool
	buf    []byte
}

func (t policy) objecting(o *opposed) *objecting {
	if o == nil {
		return nil
	}
	return &objecting{t: t, o: o, known: map[string]bool{}}
}

// rows are those of r that are of nobody who objected. Of whom a row without a key is,
// nobody knows: it stays.
func (m *objecting) rows(r arrow.Record) ([]int32, error) {
	i, err := pipelines.ColumnIndex(r.Schema(), m.o.column)
	if err != nil {
		return nil, err
	}
	a := r.Column(i)
	text := convert.Text(a)
	if len(m.known) > keepKnown {
		clear(m.known)
	}
	keep := make([]int32, 0, a.Len())
	for i := range a.Len() {
		if a.IsNull(i) {
			keep = append(keep, int32(i))
			continue
		}
		m.buf = text(m.buf[:0], i)
		out, ok := m.known[string(m.buf)]
		if !ok {
			out = m.o.listed[m.hashes.Of(string(m.buf))]
			m.known[string(m.buf)] = out
		}
		if !out {
			keep = append(keep, int32(i))
		}
	}
	return keep, nil
}

// keep is b without the rows of those who objected, and which of its rows these are, nil
// for all. It takes over b.
func (m *objecting) keep(ctx context.Context, b pipelines.Batch) (pipelines.Batch, []int32, error) {
	if m == nil {
		return b, nil, nil
	}
	if m.hashes == nil {
		key, err := m.t.oppositionKey(ctx)
		if err != nil {
			b.Release()
			return pipelines.Batch{}, nil, err
		}
		if m.o.seal != m.t.Opposition.seal(key) {
			b.Release()
			return pipelines.Batch{}, nil, messages.OppositionOther.With("file", filepath.Base(string(m.t.Opposition.Source)), "column", m.o.column)
		}
		m.hashes = key.Pseudonyms(m.o.form)
	}
	rows, err := m.rows(b.Record)
	if err != nil {
		b.Release()
		return pipelines.Batch{}, nil, err
	}
	b, err = reject.Keep(m.t.env.Allocator, b, rows)
	return b, rows, err
}

// SubjectColumn is the column that tells whose a row is, and what leaves of it: "pseudonym",
// "masked", "shown", or nothing at all.
func (t policy) SubjectColumn() (column, leaves string) {
	column = t.Subject
	if column == "" && t.Opposition != nil {
		column = t.Opposition.Key
	}
	for _, id := range t.Identifiers {
		if id.Column == column && id.hashed() {
			return column, "pseudonym"
		} else if id.Column == column && id.Action != "drop" && !id.open() {
			return column, "masked"
		}
	}
	if t.leaving()[column] {
		return column, "shown"
	}
	return column, ""
}

// FindSubject counts the rows of one person. It owns in.
func (t policy) FindSubject(ctx context.Context, in pipelines.Stream, column, key string) (rows int64, err error) {
	i, err := pipelines.ColumnIndex(in.Schema(), column)
	if err == nil && !convert.HasText(in.Schema().Field(i).Type) {
		err = messages.NoPseudonym.With("column", column, "got", pipelines.TypeName(in.Schema().Field(i).Type))
	}
	if err != nil {
		in.Close()
		return 0, err
	}
	form := protect.Text
	if t.Opposition != nil && t.Opposition.Key == column {
		form = t.Opposition.form()
	}
	for _, id := range t.pseudonyms() {
		if id.Column == column {
			form = id.form()
		}
	}
	wanted := form.Canonical(key)
	var buf []byte
	err = pipelines.Each(ctx, in, func(b pipelines.Batch) error {
		defer b.Release()
		a := b.Column(i)
		text := convert.Text(a)
		for r := range a.Len() {
			if a.IsNull(r) {
				continue
			}
			if buf = text(buf[:0], r); form.Canonical(string(buf)) == wanted {
				rows++
			}
		}
		return nil
	})
	return rows, err
}

func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".oppositions-*")
	if err == nil {
		_, err = f.Write(data)
		if err == nil {
			err = f.Sync()
		}
		if e := f.Close(); err == nil {
			err = e
		}
		if err == nil {
			err = replace(f.Name(), path)
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}
	if err != nil {
		return messages.OppositionUnwritable.With("file", filepath.Base(path), "why", pipelines.Unreadable(err))
	}
	return nil
}
