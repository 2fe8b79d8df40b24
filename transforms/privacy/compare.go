package privacy

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/zeebo/xxh3"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Comparer = policy{}

func (t policy) Comparison() pipelines.Beside {
	g := gateConfig{}
	if t.Gate != nil {
		g = *t.Gate
	}
	return pipelines.Beside{Public: t.compares() && g.CompareWith != "none", Erase: g.Supersede == "erase"}
}

// small is the error of a comparison that found why.
func (t policy) small(why *messages.Error) error {
	d := &pipelines.SmallDifference{Why: why, Hold: true, Most: defaultHold}
	if t.Gate != nil {
		d.Hold, d.Most = t.Gate.OnSmallDifference != "refuse", cmp.Or(t.Gate.MaxHold, defaultHold)
	}
	return d
}

// Compare judges what somebody can compute who has a file f that is to be public and a
// release that is, whole, and nothing else.
//
// Both are brought to the levels that both can be read at: in each column the coarser
// of the two (their join). Let Q be a set of the quasi-identifiers (all, all but one,
// each alone, none), C a class of their values there, W a set of the columns that both
// publish besides (all, each alone, none; pseudonyms are no such columns, since they
// are drawn anew for each release), and n₀(C, w), n₁(C, w) how many rows of the class
// have the values w of W in the public release and in f. What came and what went is
//
//	came(C, W) = Σ_w max(0, n₁(C, w) − n₀(C, w))
//	went(C, W) = Σ_w max(0, n₀(C, w) − n₁(C, w))
//
// that is, the multiset differences of the two releases; with W empty, what the class
// grew or shrank by, and with Q empty too, the releases. f is refused, or held, where
//
//  1. 0 < came(C, W) < k or 0 < went(C, W) < k: fewer than k came late, were taken out,
//     or were corrected. Where a release tells persons by pseudonyms, came and went
//     count the fewest of them who can have so many of those rows, and their number in
//     a class of all quasi-identifiers may not change by less than k either;
//  2. a finer class c of the release that is finer in C (of all quasi-identifiers) has
//     rows that went for certain (or came, in f), Σ_w max(0, n(c, w) − n'(C, w)), and
//     they are fewer than k;
//  3. what came to C, or went, over all columns has values in a sensitive column that
//     do not keep its diversity: whoever knows that somebody came would learn it;
//  4. C has rows in both, of which one is finer in some column and the other in
//     another, a column that only one of them publishes included. Their common
//     refinement (the meet) is then of neither: nobody counted its classes, they may be
//     of one person, and whoever knows a row in both by its other values has them;
//  5. it cannot be told how the labels of a column there and here are related.
//
// Where one release is finer throughout in C, the meet is that release, whose classes
// have k by themselves.
//
// Without a model it judges as tables says.
func (t policy) Compare(ctx context.Context, d pipelines.Decision, f pipelines.SealedFile, public pipelines.PublicRelease, same bool) error {
	c := &comparison{t: t, same: same, release: public.Manifest().Release}
	if s, _ := d.(*seen); s != nil {
		c.verdict = s.verdict
	}
	c.sides[0].open, c.sides[1].open = public.Open, f.Open
	judge := c.judge
	if t.Model == nil {
		judge = c.compareTables
	}
	why, err := judge(ctx)
	if err == nil && why != nil {
		err = t.small(why)
	}
	return err
}

// comparison is of a release that is public, side 0, with the file that is to be, side 1.
type comparison struct {
	t       policy
	verdict *verdict
	same    bool   // both were made under one policy
	release string // that is public
	sides   [2]side
	common  []string // columns that both publish, besides quasi-identifiers and pseudonyms
	whole   []int    // places of all of them
	meets   []meet
	quasis  [][]int             // sets of the quasi-identifiers, by their places
	besides [][]int             // sets of common, by their places
	viewed  [][]int32           // by set of quasi-identifiers and class of meets: its class there
	values  []map[string]uint32 // by sensitive column, codes of its values
	texts   [][]string          // by code
	held    int64               // bytes, about

	of, part uint64 // how many parts the classes that differ are looked at in, and which
	buf      []byte
}

// side is one of the two releases.
type side struct {
	open    func(context.Context) (pipelines.Stream, error)
	quasi   []int // columns; -1: it has none of that name
	common  []int
	typed   []arrow.Type // of quasi
	subject int          // column of the pseudonyms that tell persons; -1: nothing tells them
	more    bool         // it has columns that the other has not
	labels  []labels
	classes []ownClass
	index   map[string]int32 // of classes, by the codes of their labels
	key     []byte
}

// labels are what stands in a quasi-identifier of one side.
type labels struct {
	code   map[string]uint32
	texts  []string // by code: "=" and the text; null is ""
	joined []uint32 // by code: what it is where both can be read
	finer  []bool   // by code: that is less than it says
}

// ownClass is a class of one release.
type ownClass struct {
	codes []uint32
	rows  int64
	sum   [2]uint64 // of the hashes of its rows in the common columns
	meet  int32
}

// meet is a class at the levels at which both can be read.
type meet struct {
	codes []uint32 // of what stands in the quasi-identifiers
	rows  [2]int64
	sum   [2][2]uint64
	finer [2]bool
}

func (m *meet) differs() bool { return m.rows[0] != m.rows[1] || m.sum[0] != m.sum[1] }

// judge gives why the difference is small, nil where it is not.
func (c *comparison) judge(ctx context.Context) (*messages.Error, error) {
	if why, err := c.schemas(ctx); why != nil || err != nil {
		return why, err
	}
	for i := range c.sides {
		if err := c.read(ctx, i, c.classify); err != nil {
			return nil, err
		}
	}
	if why := c.join(); why != nil {
		return why, nil
	}
	cross, differ := 0, false
	for i := range c.meets {
		m := &c.meets[i]
		if m.rows[0] > 0 && m.rows[1] > 0 && m.finer[0] && m.finer[1] {
			cross++
		}
		differ = differ || m.differs()
	}
	if cross > 0 && !c.t.env.Accepted(ruleCrossing, "", float64(cross)) {
		return messages.LevelsCross.With("classes", cross), nil
	}
	if !differ {
		return nil, nil
	}
	return c.differences(ctx)
}

// schemas finds the columns of both.
func (c *comparison) schemas(ctx context.Context) (*messages.Error, error) {
	var schemas [2]*arrow.Schema
	for i := range c.sides {
		in, err := c.openSide(ctx, i)
		if err != nil {
			return nil, err
		}
		schemas[i] = in.Schema()
		if err := in.Close(); err != nil {
			return nil, err
		}
	}
	apart := map[string]bool{} // neither quasi-identifiers nor compared
	for _, q := range c.t.Quasi {
		apart[q.Column] = true
	}
	for _, id := range c.t.pseudonyms() {
		apart[id.Column] = true
	}
	column := func(i int, name string) int {
		if is := schemas[i].FieldIndices(name); len(is) == 1 {
			return is[0]
		}
		return -1
	}
	for i := range c.sides {
		s := &c.sides[i]
		s.index, s.subject = map[string]int32{}, -1
		if c.t.subjectForm() != "" {
			s.subject = column(i, c.t.Subject)
		}
		for _, q := range c.t.Quasi {
			at := column(i, q.Column)
			if at >= 0 && !countable(schemas[i].Field(at).Type) {
				return messages.ColumnChanged.With("column", q.Column), nil
			}
			typed := arrow.NULL
			if at >= 0 {
				typed = schemas[i].Field(at).Type.ID()
			}
			s.typed = append(s.typed, typed)
			s.quasi, s.labels = append(s.quasi, at), append(s.labels, labels{code: map[string]uint32{}})
		}
		for _, f := range schemas[i].Fields() {
			other := column(1-i, f.Name)
			switch {
			case apart[f.Name]:
			case other < 0:
				s.more = true
			case !arrow.TypeEqual(f.Type, schemas[1-i].Field(other).Type):
				return messages.ColumnChanged.With("column", f.Name), nil
			case i == 1:
				c.whole = append(c.whole, len(c.common))
				c.common = append(c.common, f.Name)
				c.sides[0].common, s.common = append(c.sides[0].common, other), append(s.common, column(1, f.Name))
			}
		}
	}
	return nil, nil
}

// openSide opens a side; what is wrong with what is public is said of it.
func (c *comparison) openSide(ctx context.Context, i int) (pipelines.Stream, error) {
	in, err := c.sides[i].open(ctx)
	if err != nil {
		return nil, c.wrong(i, err)
	}
	return in, nil
}

func (c *comparison) wrong(i int, err error) error {
	if i == 1 || err == nil || pipelines.ExitCode(err) == pipelines.ExitEnvironment || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var why any = "its bytes make no sense to a reader of its format"
	if m := messages.Find(err); m != nil {
		why = m
	}
	return messages.OldUnreadable.With("release", c.release, "why", why)
}

func (c *comparison) read(ctx context.Context, i int, row func(side int, r arrow.Record, row int) error) error {
	in, err := c.openSide(ctx, i)
	if err != nil {
		return err
	}
	defer in.Close()
	for {
		b, err := in.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return c.wrong(i, err)
		}
		for n := range int(b.NumRows()) {
			if err = row(i, b.Record, n); err != nil {
				break
			}
		}
		b.Release()
		if err != nil {
			return err
		}
	}
}

// hold counts n bytes more.
func (c *comparison) hold(n int) error {
	if c.held += int64(n); c.t.env.Memory > 0 && c.held > c.t.env.Memory {
		return messages.TooManyClasses.With("bound", c.t.env.Memory)
	}
	return nil
}

// class is the class of a row in its own release; -1 where it has none yet, whose
// codes are then in s.key.
func (s *side) class(r arrow.Record, row int, code func(column int, text []byte) uint32) int32 {
	s.key = s.key[:0]
	var buf [64]byte
	for j, q := range s.quasi {
		text := buf[:0]
		if q >= 0 {
			if a := r.Column(q); !a.IsNull(row) {
				text = textOf(a)(append(text, '='), row)
			}
		}
		n, ok := s.labels[j].code[string(text)]
		if !ok {
			n = code(j, text)
		}
		s.key = binary.LittleEndian.AppendUint32(s.key, n)
	}
	if at, ok := s.index[string(s.key)]; ok {
		return at
	}
	return -1
}

// classify counts a row in its class of its own release.
func (c *comparison) classify(i int, r arrow.Record, row int) error {
	s := &c.sides[i]
	var err error
	at := s.class(r, row, func(j int, text []byte) uint32 {
		l := &s.labels[j]
		n := uint32(len(l.texts))
		l.texts = append(l.texts, string(text))
		l.code[l.texts[n]] = n
		err = errors.Join(err, c.hold(len(text)+2*valueCost))
		return n
	})
	if err != nil {
		return err
	}
	if at < 0 {
		at = int32(len(s.classes))
		own := ownClass{}
		for n := 0; n < len(s.key); n += 4 {
			own.codes = append(own.codes, binary.LittleEndian.Uint32(s.key[n:]))
		}
		s.classes = append(s.classes, own)
		s.index[string(s.key)] = at
		if err := c.hold(2*len(s.key) + classCost + valueCost + meetCost); err != nil {
			return err
		}
	}
	own := &s.classes[at]
	own.rows++
	h := c.hash(s, r, row, c.whole)
	var carry uint64
	own.sum[0], carry = bits.Add64(own.sum[0], h.Lo, 0)
	own.sum[1], _ = bits.Add64(own.sum[1], h.Hi, carry)
	return nil
}

// meetCost is what a class costs where both releases are read together.
const meetCost = 128

// hash is of the values of a row in some of the common columns.
func (c *comparison) hash(s *side, r arrow.Record, row int, columns []int) xxh3.Uint128 {
	c.buf = c.buf[:0]
	for _, n := range columns {
		c.buf = appendRead(c.buf, r.Column(s.common[n]), row)
	}
	return xxh3.Hash128(c.buf)
}

// appendRead tells values apart as a reader of the file can, of every type.
func appendRead(dst []byte, a arrow.Array, i int) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if st, ok := a.(*array.Struct); ok {
		if !st.IsNull(i) {
			for n := range st.NumField() {
				dst = appendRead(dst, st.Field(n), i)
			}
		}
	} else {
		dst = appendSeen(dst, a, i)
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at))
	return dst
}

// join brings the classes of both to the levels at which both can be read.
func (c *comparison) join() *messages.Error {
	for j, q := range c.t.Quasi {
		there, here := &c.sides[0].labels[j], &c.sides[1].labels[j]
		old, now, ok := there.texts, here.texts, true
		switch {
		case c.sides[0].quasi[j] < 0: // as if all were one there
			now = make([]string, len(now))
		case c.sides[1].quasi[j] < 0:
			old = make([]string, len(old))
		case c.asItIs(j):
		case c.verdict != nil && j < len(c.verdict.ladders) && len(c.verdict.levels) > j:
			old, now, ok = c.verdict.ladders[j].related(old, now, c.verdict.levels[j], c.same)
		default:
			ok = len(old) == 0 || len(now) == 0
		}
		if !ok {
			return messages.LevelsUnknown.With("column", q.Column)
		}
		codes := map[string]uint32{}
		there.join(codes, old, c.sides[0].quasi[j] >= 0 && c.sides[1].quasi[j] < 0)
		here.join(codes, now, c.sides[1].quasi[j] >= 0 && c.sides[0].quasi[j] < 0)
	}
	index := map[string]int32{}
	for i := range c.sides {
		s := &c.sides[i]
		for n := range s.classes {
			own := &s.classes[n]
			s.key = s.key[:0]
			finer := s.more
			for j, code := range own.codes {
				s.key = binary.LittleEndian.AppendUint32(s.key, s.labels[j].joined[code])
				finer = finer || s.labels[j].finer[code]
			}
			at, ok := index[string(s.key)]
			if !ok {
				at = int32(len(c.meets))
				index[string(s.key)] = at
				var codes []uint32
				for j, code := range own.codes {
					codes = append(codes, s.labels[j].joined[code])
				}
				c.meets = append(c.meets, meet{codes: codes})
			}
			own.meet = at
			m := &c.meets[at]
			m.rows[i] += own.rows
			var carry uint64
			m.sum[i][0], carry = bits.Add64(m.sum[i][0], own.sum[0], 0)
			m.sum[i][1], _ = bits.Add64(m.sum[i][1], own.sum[1], carry)
			m.finer[i] = m.finer[i] || finer
		}
	}
	return nil
}

// asItIs says that the values of a quasi-identifier leave as they are here and are of a
// type there that nothing generalises to.
func (c *comparison) asItIs(j int) bool {
	return c.sides[0].typed[j] == c.sides[1].typed[j] && c.sides[0].typed[j] != arrow.STRING
}

func (l *labels) join(codes map[string]uint32, texts []string, finer bool) {
	l.joined, l.finer = make([]uint32, len(texts)), make([]bool, len(texts))
	for n, text := range texts {
		code, ok := codes[text]
		if !ok {
			code = uint32(len(codes))
			codes[text] = code
		}
		l.joined[n], l.finer[n] = code, finer || text != l.texts[n]
	}
}
