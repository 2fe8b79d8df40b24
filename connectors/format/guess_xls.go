package format

import (
	"bytes"
	"context"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = xlsConfig{}

// Looks finds a compound file, which Word had too (MS-CFB, 2.2).
func (xlsConfig) Looks(head []byte, in pipelines.GuessFile) int {
	if !bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return 0
	}
	if in.Extension == ".xls" {
		return 95
	}
	return 60
}

// Guess reads every sheet.
func (xlsConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "xls"}
	g.Found(messages.GuessSignature.With("format", "xls"))
	return guessBook(ctx, env, g, in, func(sheet string) (bookSheet, error) {
		f, err := openRandom(ctx, env, in)
		if err != nil {
			return nil, err
		}
		s := &xlsSheet{in: in, file: f, texts: newSharedTexts(env.Spool)}
		if err := s.find(sheet); err != nil {
			f.Close()
			s.free()
			return nil, err
		}
		return s, nil
	}, func(o bookOptions) Reader { return &xlsCodec{env, xlsConfig{o}} })
}
