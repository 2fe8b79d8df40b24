package format

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// codecFrom builds a codec as a pipeline file would.
func codecFrom[T Reader](t csvTB, mem memory.Allocator, c pipelines.Component, config string) T {
	t.Helper()
	conf, diags := decodeFormat(t, c, config)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", config, diags)
	}
	codec, err := c.Build(pipelines.Env{Allocator: mem}, conf)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return codec.(T)
}

func decodeFormat(t csvTB, c pipelines.Component, config string) (any, hcl.Diagnostics) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(config), "pipeline.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	reg, err := pipelines.NewRegistry([]pipelines.Component{c})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c.Decode(reg, f.Body, &hcl.EvalContext{})
}

func configsRefused(t *testing.T, c pipelines.Component, configs map[string]*messages.Message) {
	t.Helper()
	for config, want := range configs {
		_, diags := decodeFormat(t, c, config)
		if !diags.HasErrors() {
			t.Errorf("%s is accepted", config)
		} else if got := diags[0].Extra.(*messages.Error).Message; got != want {
			t.Errorf("%s: %s", config, got.Code)
		}
	}
}

func inputOf(data []byte) Input {
	return Input{Name: "f1", Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

// eachFault cuts a file at each tenth of its length, and turns over some bytes of
// the rest. Whatever is read then is read without a panic, and leaves no memory.
func eachFault(t *testing.T, data []byte, read func(what string, data []byte)) {
	t.Helper()
	for i := range 10 {
		read("cut", data[:len(data)*i/10])
	}
	for at := 0; at < len(data); at += max(1, len(data)/150) {
		turned := bytes.Clone(data)
		turned[at] ^= 0x55
		read("turned", turned)
	}
}

// eachBatch decodes the chunks in order, to the end.
func eachBatch(t testing.TB, r Reader, in Input, do func(pipelines.Batch)) {
	t.Helper()
	ctx := context.Background()
	chunks, err := r.Chunks(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	defer chunks.Close()
	for {
		chunk, err := chunks.Next(ctx)
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := chunk.Decode(ctx)
		if err != nil {
			t.Fatal(err)
		}
		do(b)
		b.Release()
	}
}

// digestOf are the rows, the columns and the beginning of a digest of all cells:
// each cell is followed by U+001F, each row by U+001E, in UTF-8.
type digestOf struct {
	rows, cols int
	digest     string
}

func digest(t testing.TB, r Reader, in Input) (d digestOf, rejects []pipelines.Reject) {
	t.Helper()
	sum := sha256.New()
	eachBatch(t, r, in, func(b pipelines.Batch) {
		d.rows, d.cols = d.rows+int(b.NumRows()), int(b.NumCols())
		for r := range int(b.NumRows()) {
			for _, col := range b.Columns() {
				if !col.IsNull(r) {
					sum.Write([]byte(col.ValueStr(r)))
				}
				sum.Write([]byte{0x1f})
			}
			sum.Write([]byte{0x1e})
		}
		rejects = append(rejects, b.Rejects...)
	})
	d.digest = hex.EncodeToString(sum.Sum(nil))[:16]
	return d, rejects
}
