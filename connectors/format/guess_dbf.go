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
	config := dbfConfig{cellOptions: defaultCells}
	try := func() (*rowsGuess, error) {
		codec, err := newDBF(env, config)
		if err != nil {
			return nil, err
		}
		rows := &rowsGuess{g: &pipelines.Guess{}, whole: true}
		return rows, rows.read(ctx, codec, in)
	}
	var without []string
	memos := false
	spelt := func() error {
		b, err := readBytes(ctx, in)
		if err != nil {
			return err
		}
		best, scores := b.scores()
		config.Encoding = best
		g.Set("encoding", best)
		g.Found(messages.GuessEncodingScore.With("count", b.invalid, "scores", scores))
		return nil
	}
	rows, err := try()
	for m := messages.Find(err); m != nil; m = messages.Find(err) {
		switch {
		case m.Code == messages.DBFCodePage.Code && config.Encoding == "":
			if err := spelt(); err != nil {
				return nil, err
			}
		case m.Code == messages.DBFNoMemo.Code && !memos:
			memos, without = true, append(without, memoColumns(ctx, env, in, without)...)
		case m.Code == messages.DBFType.Code && !slices.Contains(without, m.Param("column")):
			without = append(without, m.Param("column"))
		default:
			return nil, err
		}
		config.Without = without
		rows, err = try()
	}
	if err != nil {
		return nil, err
	}
	if len(without) > 0 {
		g.Set("without", without)
		g.Found(messages.GuessUnread.With("columns", quoteAll(without)))
	}
	if unreadableRows(rows.g) > 0 { // no mark says the code page
		if err := spelt(); err != nil {
			return nil, err
		}
		if rows, err = try(); err != nil {
			return nil, err
		}
	}
	g.Rows, g.Rejects = rows.g.Rows, rows.g.Rejects
	guessColumns(g, rows.cols, false)
	return g, nil
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
