package format

import (
	"bytes"
	"context"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Guesser = odsConfig{}

// Looks finds the type that stands first in a spreadsheet (ODF 1.2 part 3, 3.3).
func (odsConfig) Looks(head []byte, in pipelines.GuessFile) int {
	switch {
	case !bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return 0
	case bytes.Contains(head, []byte("application/vnd.oasis.opendocument.spreadsheet")):
		return 100
	case in.Extension == ".ods":
		return 70
	}
	return 0
}

// Guess reads every sheet.
func (odsConfig) Guess(ctx context.Context, env pipelines.Env, file pipelines.GuessFile) (*pipelines.Guess, error) {
	in := guessInput(file)
	g := &pipelines.Guess{Format: "ods"}
	g.Found(messages.GuessSignature.With("format", "ods"))
	return guessBook(ctx, env, g, in, func(sheet string) (bookSheet, error) {
		z, err := openZip(ctx, env, in, "a spreadsheet (ods)")
		if err != nil {
			return nil, err
		}
		s := &odsSheet{zip: z}
		if err := s.find(sheet); err != nil {
			z.file.Close()
			return nil, err
		}
		return s, nil
	}, func(o bookOptions) Reader { return &odsCodec{env, odsConfig{o}} })
}
