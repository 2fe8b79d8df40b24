package format

import (
	"bytes"
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = parquetConfig{}

// Looks knows the four bytes that a file begins and ends with.
func (parquetConfig) Looks(head []byte, _ pipelines.GuessFile) int {
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return 100
	}
	return 0
}

// Guess takes the types that the file says, and looks into texts for what they
// are. What the format does not read is left out, and told.
func (parquetConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "parquet"}
	g.Found(messages.GuessSignature.With("format", "Parquet"))
	config := Parquet.New().(parquetConfig)
	try := func() (*rowsGuess, error) {
		codec, err := newParquet(env, config)
		if err != nil {
			return nil, err
		}
		rows := &rowsGuess{g: &pipelines.Guess{}, whole: true}
		return rows, rows.read(ctx, codec, in)
	}
	rows, err := try()
	for m := messages.Find(err); m != nil; m = messages.Find(err) {
		column := m.Param("column")
		unread := m.Code == messages.ParquetKind.Code || m.Code == messages.ParquetCodec.Code
		if !unread || slices.Contains(config.Without, column) {
			return nil, err
		}
		config.Without = append(config.Without, column)
		rows, err = try()
	}
	if err != nil {
		return nil, err
	}
	if len(config.Without) > 0 {
		g.Set("without", config.Without)
		g.Found(messages.GuessUnread.With("columns", quoteAll(config.Without)))
	}
	g.Rows, g.Rejects = rows.g.Rows, rows.g.Rejects
	for i, c := range rows.cols {
		if rows.types[i].ID() != arrow.STRING {
			c.said = pipelines.TypeName(rows.types[i])
		}
	}
	guessColumns(g, rows.cols, false)
	return g, nil
}
