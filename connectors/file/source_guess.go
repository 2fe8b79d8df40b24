package file

import (
	"bytes"
	"context"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

var _ pipelines.Unwrapper = sourceConfig{}

// mostLayers bounds how deep files are looked for in others.
const mostLayers = 4

// Unwrap looks into compressed streams and archives, layer by layer. Of an
// archive's members it takes the largest, and proposes those that have its
// extension. An office document is a file, though it is a zip archive.
func (sourceConfig) Unwrap(ctx context.Context, env pipelines.Env, in pipelines.GuessFile) (pipelines.GuessFile, []pipelines.GuessBlock, func() error, error) {
	var blocks []pipelines.GuessBlock
	var opened []*format.Unpacked
	closed := func() (err error) {
		for _, u := range opened {
			if e := u.Close(); err == nil {
				err = e
			}
		}
		return err
	}
	for range mostLayers {
		kind, err := containerOf(ctx, in)
		if err != nil || kind == "" {
			return in, blocks, closed, err
		}
		u := unpackConfig{Kind: kind}
		u.Defaults()
		layer := format.Unpacking{Kind: kind, MaxSize: int64(u.MaxSize), MaxRatio: u.MaxRatio}
		extension := strings.TrimSuffix(in.Extension, ".gz")
		largest, counts, took := int64(-1), map[string]int{}, ""
		if u.archive() {
			var names []string
			layer.Takes = func(name string) bool { names = append(names, name); return !strings.HasSuffix(name, "/") }
			members := map[string]string{} // by what messages call them
			all, err := format.Unpack(ctx, env, guessInput(in), []format.Unpacking{layer}, func(name string) string {
				hidden := "member-" + strconv.Itoa(len(members)+1)
				members[hidden] = name
				return hidden
			})
			if err != nil {
				return in, nil, closed, err
			}
			for _, f := range all.Files {
				counts[path.Ext(members[f.Name])]++
				if f.Size > largest {
					largest, took = f.Size, members[f.Name]
				}
			}
			if err := all.Close(); err != nil {
				return in, nil, closed, err
			}
			if took == "" {
				return in, nil, closed, messages.UnpackNone.With("file", in.Name)
			}
			if len(names) > 0 && isWorkbook(names) {
				return in, blocks, closed, nil
			}
			extension = path.Ext(took)
			layer.Takes = func(name string) bool { return name == took }
		}
		unpacked, err := format.Unpack(ctx, env, guessInput(in), []format.Unpacking{layer}, func(string) string { return in.Name })
		if err != nil {
			return in, nil, closed, err
		}
		opened = append(opened, unpacked)
		block := pipelines.GuessBlock{Type: "unpack", Label: kind}
		if len(counts) > 1 && extension != "" {
			block.Options = append(block.Options, pipelines.GuessOption{Name: "members", Value: pipelines.GuessValue("(?:.*)" + extension)})
		}
		blocks = append(blocks, block)
		f := unpacked.Files[0]
		in = pipelines.GuessFile{Name: in.Name, Extension: strings.ToLower(extension), Size: f.Size, Open: f.Open}
	}
	return in, blocks, closed, nil
}

// isWorkbook says whether the members are those of an office document, which is
// a format and no container (ECMA-376 part 2, ODF 1.2 part 3).
func isWorkbook(names []string) bool {
	for _, n := range names {
		if n == "[Content_Types].xml" || n == "mimetype" {
			return true
		}
	}
	return false
}

// containerOf is the kind of container by the first bytes.
func containerOf(ctx context.Context, in pipelines.GuessFile) (string, error) {
	r, err := in.Open(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	switch head = head[:n]; {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "zip", nil
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "gzip", nil
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return "zstd", nil
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return "tar", nil
	}
	return "", nil
}

func guessInput(in pipelines.GuessFile) format.Input {
	return format.Input{Name: in.Name, Size: in.Size, Open: in.Open}
}
