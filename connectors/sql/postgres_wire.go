package sql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/lavoir-data/lavoir/internal/arrowx"
)

// A row comes in a message of its own, with a header of one byte for its type
// and four for its length; what follows is the same in both ways of asking for
// rows in binary form (DataRow, and CopyData in a COPY to stdout): the number of
// fields, and for each its length, -1 for null, and its bytes.
const (
	messageHeader = 5

	rowOfQuery = 'D' // DataRow
	rowOfCopy  = 'd' // CopyData, "always one per row" (protocol-flow, COPY operations)
	noRow      = 0   // what a message becomes that holds no row and was dealt with

	// blockSize is how much of what a server sends is kept together.
	blockSize = 256 << 10
	// rowBound is the longest row accepted.
	rowBound = 64 << 20
)

var (
	errShape   = errors.New("malformed") // what the server sent
	errRowSize = errors.New("oversized") // a row over the bound
)

// copySignature opens the data of a COPY in binary form; two words follow, of
// flags and of the length of an extension (sql-copy, Binary Format).
var copySignature = []byte("PGCOPY\n\xff\r\n\x00")

// copyTrailer stands where the next row's number of fields would.
var copyTrailer = []byte{0xff, 0xff}

// blocks gives out memory for blocks and takes it back: the batches made of what
// they hold come when they go, and have theirs of the same allocator.
type blocks struct {
	mem    memory.Allocator
	spares arrowx.Spares[*block]
}

func newBlocks(mem memory.Allocator) *blocks {
	return &blocks{mem: mem, spares: arrowx.Spares[*block]{New: func() *block { return new(block) }}}
}

// get is a block with room for size bytes, held once.
func (p *blocks) get(size int) *block {
	b := p.spares.Get()
	b.home, b.used, b.rows = p, 0, 0
	if d, ok := p.mem.(interface{ Dirty(n int) []byte }); ok {
		b.data = d.Dirty(max(size, blockSize))
	} else {
		b.data = p.mem.Allocate(max(size, blockSize))
	}
	b.held.Store(1)
	return b
}

// block is a part of what a server sent: whole messages, some of them rows.
// Chunks that have some of its rows hold it; the last one to let go gives its
// memory back.
type block struct {
	data []byte
	used int // bytes of whole messages
	rows int
	held atomic.Int32
	home *blocks
}

func (b *block) hold() { b.held.Add(1) }

func (b *block) release() {
	if b.held.Add(-1) == 0 {
		data := b.data
		b.data = nil
		b.home.mem.Free(data)
		b.home.spares.Put(b)
	}
}

// answer is what a server sends for one statement, as blocks. It reads the
// connection itself, in large pieces, and leaves it where the server waits for
// the next statement.
type answer struct {
	in     io.Reader
	blocks *blocks
	row    byte // type of a message with a row

	started, trailed bool // of a COPY: its signature came, its trailer

	now    *block
	filled int   // bytes in now, of which the last message may be a part
	failed error // what the server said was wrong
	idle   bool  // the server waits for the next statement
	err    error // how it ended; io.EOF is well
}

// next gives the next block that has rows.
func (a *answer) next() (*block, error) {
	if a.now == nil && a.err == nil {
		a.now = a.blocks.get(blockSize)
	}
	for a.err == nil {
		need, err := a.messages()
		if err != nil {
			a.err = err
			break
		}
		if need > len(a.now.data) {
			full := a.advance(need - a.now.used)
			if full.rows > 0 {
				return full, nil
			}
			full.release()
		}
		n, err := a.in.Read(a.now.data[a.filled:])
		a.filled += n
		if err != nil && n == 0 {
			if a.err = a.failed; a.err == nil {
				a.err = io.ErrUnexpectedEOF
				if err != io.EOF {
					a.err = err
				}
			}
		}
	}
	last := a.now
	a.now = nil
	if last != nil && last.rows > 0 {
		return last, nil
	}
	if last != nil {
		last.release()
	}
	return nil, a.err
}

// discard gives back what was read and not given out.
func (a *answer) discard() {
	if a.now != nil {
		a.now.release()
		a.now = nil
	}
}

// advance goes on to a new block with room for size bytes, and gives the one
// before. The part of a message at its end goes along.
func (a *answer) advance(size int) *block {
	full := a.now
	a.now = a.blocks.get(max(size, blockSize))
	a.filled = copy(a.now.data, full.data[full.used:a.filled])
	return full
}

// messages deals with the whole messages that came. It gives how many bytes of
// the block the message after them ends at, as far as that is known.
func (a *answer) messages() (need int, err error) {
	b := a.now
	for {
		rest := b.data[b.used:a.filled]
		if len(rest) < messageHeader {
			return b.used + messageHeader, nil
		}
		n := int64(binary.BigEndian.Uint32(rest[1:])) + 1
		switch {
		case n < messageHeader:
			return 0, errShape
		case n > rowBound:
			return 0, errRowSize
		case n > int64(len(rest)):
			return b.used + int(n), nil
		case rest[0] == a.row:
			err = a.tuple(rest[:n])
		default:
			err = a.control(rest[0], rest[messageHeader:n])
			rest[0] = noRow
		}
		if b.used += int(n); err != nil {
			return 0, err
		}
	}
}

// tuple looks at a message that should hold a row.
func (a *answer) tuple(m []byte) error {
	if a.row == rowOfCopy {
		if !a.started {
			n := copyHeader(m[messageHeader:])
			if n == 0 {
				return errShape
			}
			a.started = true
			// What comes after the header becomes a message of its own, whose
			// header takes the place of the end of the other.
			rest := m[n:]
			m[0] = noRow
			binary.BigEndian.PutUint32(m[1:], uint32(n-1))
			if len(rest) == messageHeader {
				rest[0] = noRow
				binary.BigEndian.PutUint32(rest[1:], uint32(len(rest)-1))
				return nil
			}
			rest[0] = rowOfCopy
			binary.BigEndian.PutUint32(rest[1:], uint32(len(rest)-1))
			m = rest
		}
		if a.trailed {
			return errShape
		}
		if bytes.Equal(m[messageHeader:], copyTrailer) {
			a.trailed = true
			m[0] = noRow
			return nil
		}
	}
	a.now.rows++
	return nil
}

// copyHeader is the length of the header that the data of a COPY starts with; 0
// when it is none that can be understood.
func copyHeader(b []byte) int {
	n := len(copySignature)
	if len(b) < n+8 || !bytes.Equal(b[:n], copySignature) {
		return 0
	}
	flags, extension := binary.BigEndian.Uint32(b[n:]), binary.BigEndian.Uint32(b[n+4:])
	if flags>>16 != 0 || int64(extension) > int64(len(b)-n-8) { // the upper half: what a reader must know
		return 0
	}
	return n + 8 + int(extension)
}

// control deals with a message that is no row.
func (a *answer) control(kind byte, body []byte) error {
	switch kind {
	case 'E':
		var m pgproto3.ErrorResponse
		if err := m.Decode(body); err != nil {
			return errShape
		}
		if a.failed == nil {
			a.failed = pgconn.ErrorResponseToPgError(&m)
		}
		return nil
	case 'Z':
		a.idle = true
		if a.failed != nil {
			return a.failed
		}
		if a.row == rowOfCopy && !a.trailed {
			return errShape
		}
		return io.EOF
	case 'H':
		if a.row != rowOfCopy || len(body) == 0 || body[0] != 1 {
			return errShape
		}
		return nil
	case '2', 'C', 'c', 'N', 'S', 'A': // bound, complete, copy done, notices
		return nil
	}
	return errShape
}
