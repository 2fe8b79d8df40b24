package format

import (
	"context"
	"slices"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = dbfConfig{}

// Looks knows the first byte of a table, and the date of its last change behind it.
func (dbfConfig) Looks(head []byte, in pipelines.GuessFile) int {
	if len(head) < 32 {
		return 0
	}
	if _, known := dbfVersions[head[0]]; !known {
		return 0
	}
	if in.Extension == ".dbf" {
		return 100
	}
	if head[0] != 0x02 && head[2] >= 1 && head[2] <= 12 && head[3] >= 1 && head[3] <= 31 && head[4] != ' ' {
		return 70
	}
	return 0
}

// Guess takes the encoding that the table says, or the one its letters are likely
// to be in, and leaves out the long texts whose file is lost.
func (dbfConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "dbf"}
	g.Found(messages.GuessSignature.With("format", "dBase"))
	t := tableGuess{g: g, in: in, table: in, codec: func(c dbfConfig) (Reader, error) { return newDBF(env, c) }}
	rows, err := t.read(ctx, env)
	if err != nil {
		return nil, err
	}
	t.tell()
	g.Rows, g.Rejects, g.Partial = rows.g.Rows, rows.g.Rejects, rows.g.Partial
	guessColumns(g, rows.cols, false)
	return g, nil
}

// tableGuess finds how a table is read.
type tableGuess struct {
	g         *pipelines.Guess
	in, table Input // what is read, and the table in it or beside it
	codec     func(dbfConfig) (Reader, error)
	otherwise func(*messages.Error) bool // mends what else is refused; nil: nothing

	config dbfConfig
	memos  bool // those of long texts are left out
}

// read reads all rows, with whatever options it takes.
func (t *tableGuess) read(ctx context.Context, env pipelines.Env) (*rowsGuess, error) {
	t.config.cellOptions = defaultCells
	rows, err := t.rows(ctx)
	for m := messages.Find(err); m != nil; m = messages.Find(err) {
		c := &t.config
		switch {
		case m.Code == messages.DBFCodePage.Code && c.Encoding == "":
			if err := t.spelt(ctx); err != nil {
				return nil, err
			}
		case m.Code == messages.DBFNoMemo.Code && !t.memos:
			t.memos, c.Without = true, append(c.Without, memoColumns(ctx, env, t.table, c.Without)...)
		case m.Code == messages.DBFType.Code && !slices.Contains(c.Without, m.Param("column")):
			c.Without = append(c.Without, m.Param("column"))
		case t.otherwise != nil && t.otherwise(m):
		default:
			return nil, err
		}
		rows, err = t.rows(ctx)
	}
	if err == nil && unreadableRows(rows.g) > 0 && t.config.Encoding == "" { // no mark says the code page
		if err := t.spelt(ctx); err != nil {
			return nil, err
		}
		rows, err = t.rows(ctx)
	}
	return rows, err
}

func (t *tableGuess) rows(ctx context.Context) (*rowsGuess, error) {
	codec, err := t.codec(t.config)
	if err != nil {
		return nil, err
	}
	rows := &rowsGuess{g: &pipelines.Guess{}, whole: true}
	return rows, rows.read(ctx, codec, t.in)
}

// spelt takes the encoding that the letters are likely to be in.
func (t *tableGuess) spelt(ctx context.Context) error {
	b, err := readBytes(ctx, t.table)
	if err != nil {
		return err
	}
	best, scores := b.scores()
	t.config.Encoding = best
	t.g.Set("encoding", best)
	t.g.Found(messages.GuessEncodingScore.With("count", b.invalid, "scores", scores))
	return nil
}

// tell says which columns are left out.
func (t *tableGuess) tell() {
	if without := t.config.Without; len(without) > 0 {
		t.g.Set("without", without)
		t.g.Found(messages.GuessUnread.With("columns", quoteAll(without)))
	}
}

// unreadableRows is how many rows are rejected because of a byte that is no text.
func unreadableRows(g *pipelines.Guess) (n int64) {
	for _, r := range g.Rejects {
		if r.Why.Code == messages.CSVUnreadableByte.Code || r.Why.Code == messages.DBFUnreadable.Code {
			n += r.Count
		}
	}
	return n
}

// memoColumns are the columns of long texts.
func memoColumns(ctx context.Context, env pipelines.Env, in Input, without []string) (names []string) {
	r, err := in.Open(ctx)
	if err != nil {
		return nil
	}
	defer r.Close()
	codec := &dbfCodec{env: env, config: dbfConfig{Without: without, cellOptions: defaultCells}}
	t, err := codec.readHead(in, r, func(byte) (*csvEncoding, error) { return csvEncodings["cp850"], nil })
	if err != nil {
		return nil
	}
	for _, f := range t.fields {
		if f.kind == 'M' {
			names = append(names, f.name)
		}
	}
	return names
}
