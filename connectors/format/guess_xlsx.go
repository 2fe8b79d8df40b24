package format

import (
	"bytes"
	"context"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = xlsxConfig{}

// Looks finds the parts of a workbook among the first of an archive.
func (xlsxConfig) Looks(head []byte, in pipelines.GuessFile) int {
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case !bytes.HasPrefix(head, []byte("PK\x03\x04")) || has("word/") || has("ppt/"):
		return 0
	case has("xl/"), has("[Content_Types].xml"):
		return 95
	case in.Extension == ".xlsx" || in.Extension == ".xlsm":
		return 60
	}
	return 0
}

// Guess reads every sheet.
func (xlsxConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "xlsx"}
	g.Found(messages.GuessSignature.With("format", "xlsx"))
	return guessBook(ctx, env, g, in, func(sheet string) (bookSheet, error) {
		z, err := openZip(ctx, env, in, "a workbook (xlsx)")
		if err != nil {
			return nil, err
		}
		s := newXLSXSheet(env, z)
		if _, err = s.find(sheet); err != nil {
			z.file.Close()
			s.free()
			return nil, err
		}
		return s, nil
	}, func(o bookOptions) Reader { return &xlsxCodec{env: env, xlsxConfig: xlsxConfig{o}} })
}
