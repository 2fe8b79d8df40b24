package file

import (
	"context"
	"io"

	"github.com/lavoir-data/lavoir/connectors/format"
	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// unpackConfig is one layer of what files come in.
type unpackConfig struct {
	Kind     string         `hcl:"kind,label" doc:"zip, tar, gzip or zstd."`
	Members  string         `hcl:"members,optional" doc:"Which members of an archive are read, written as path is, captures included; by default all of them."`
	MaxSize  pipelines.Size `hcl:"max_size,optional" doc:"The most that the members of one file may be together; what holds more is refused as a trap."`
	MaxRatio int64          `hcl:"max_ratio,optional" doc:"The most bytes per byte of the file, where it holds more than 64 MiB."`
}

// everyMember matches names with folders too.
const everyMember = "(?:.*)"

// Defaults are the bounds that no honest export is known to pass.
func (c *unpackConfig) Defaults() { c.Members, c.MaxSize, c.MaxRatio = everyMember, 16<<30, 200 }

func (c unpackConfig) archive() bool { return c.Kind == "zip" || c.Kind == "tar" }

func (c unpackConfig) check() error {
	switch {
	case !c.archive() && c.Kind != "gzip" && c.Kind != "zstd":
		return messages.WrongArgument.With("name", "unpack", "wanted", "zip, tar, gzip or zstd", "why", "there is no other")
	case !c.archive() && c.Members != everyMember:
		return messages.UnpackMembers.With("kind", c.Kind)
	case c.MaxSize <= 0 || c.MaxRatio <= 0:
		return messages.WrongArgument.With("name", "unpack", "wanted", "bounds above zero", "why", "nothing would come out")
	}
	_, err := newPattern(c.Members)
	return err
}

// captures are the names that the path and the members capture.
func (s *source) captures() []string {
	all := s.pattern.captures
	for _, m := range s.members {
		all = append(all[:len(all):len(all)], m.captures...)
	}
	return all
}

// unpack makes files of the next file of the store. io.EOF says that there is none.
func (c *fileChunks) unpack(ctx context.Context) error {
	if err := c.letGo(); err != nil {
		return err
	}
	c.took()
	next, err := c.outer(ctx)
	if err == io.EOF && !c.some {
		return c.none(ctx)
	}
	if err != nil {
		return err
	}
	c.reading = &next
	in := c.reading.Input
	if c.mover != nil && !c.moved(next.info.Key) {
		if next.set, err = c.together(ctx, next.info); err != nil {
			return err
		}
	}
	c.announce(false)
	if len(c.Unpack) == 0 {
		c.files = []format.Input{in}
		return nil
	}
	var layers []format.Unpacking
	captures := 0
	for i, u := range c.Unpack {
		l := format.Unpacking{Kind: u.Kind, MaxSize: int64(u.MaxSize), MaxRatio: u.MaxRatio}
		if u.archive() {
			l.Takes = func(name string) bool { return c.members[i].matches(name, c.env.Keys) }
			captures += len(c.members[i].captures)
		}
		layers = append(layers, l)
	}
	packed, err := format.Unpack(ctx, c.env, in, layers, func(name string) string { return c.hidden(in.Name + "\x00" + name) })
	if err != nil {
		return err
	}
	c.packed, c.files = packed, packed.Files
	if len(c.files) == 0 && captures == 0 {
		return messages.UnpackNone.With("file", in.Name)
	}
	return nil
}

// letGo closes what the files that were read came in.
func (c *fileChunks) letGo() error {
	if c.packed == nil {
		return nil
	}
	p := c.packed
	c.packed = nil
	return p.Close()
}
