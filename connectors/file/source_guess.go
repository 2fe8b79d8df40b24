package file

import (
	"bytes"
	"context"
	"errors"
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
			if isOffice(names) {
				return in, blocks, closed, all.Close()
			}
			for _, f := range all.Files {
				name := members[f.Name]
				counts[path.Ext(name)]++
				if f.Size <= largest {
					continue
				}
				likely, err := likely(ctx, in, f, strings.ToLower(path.Ext(name)))
				if err != nil {
					return in, nil, closed, errors.Join(err, all.Close())
				}
				if likely {
					largest, took = f.Size, name
				}
			}
			if err := all.Close(); err != nil {
				return in, nil, closed, err
			}
			if took == "" && len(counts) > 0 {
				return in, nil, closed, messages.GuessMembers.With("count", len(all.Files))
			}
			if took == "" {
				return in, nil, closed, messages.UnpackNone.With("file", in.Name)
			}
			took = shapesOf(took, all.Files, members)
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
		inner := guessFile(f)
		inner.Name, inner.Extension, inner.Likely = in.Name, strings.ToLower(extension), in.Likely
		in = inner
	}
	return in, blocks, closed, nil
}

// shapesOf is the member whose table the member took is, where it is that of a
// shapefile: tables are often larger than shapes.
func shapesOf(took string, files []format.Input, members map[string]string) string {
	stem, table := strings.CutSuffix(strings.ToLower(took), ".dbf")
	for _, f := range files {
		if name := members[f.Name]; table && strings.ToLower(name) == stem+".shp" {
			return name
		}
	}
	return took
}

// likely says whether a member is read by some format or holds others that are not
// those of an office document.
func likely(ctx context.Context, in pipelines.GuessFile, member format.Input, extension string) (bool, error) {
	r, err := member.Open(ctx)
	if err != nil {
		return false, err
	}
	defer r.Close()
	head, err := io.ReadAll(io.LimitReader(r, pipelines.GuessHead))
	if err != nil {
		return false, err
	}
	file := pipelines.GuessFile{Name: in.Name, Extension: extension, Size: member.Size, Open: member.Open, Likely: in.Likely, Refused: in.Refused}
	if in.Likely == nil || in.Likely(head, file) > 0 {
		return true, nil
	}
	kind, err := containerOf(ctx, file)
	return kind != "" && !bytes.Contains(head, []byte("mimetype")) && !bytes.Contains(head, []byte("[Content_Types].xml")), err
}

// isOffice says whether the members are those of an office document, which is
// a format and no container (ECMA-376 part 2, ODF 1.2 part 3).
func isOffice(names []string) bool {
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
