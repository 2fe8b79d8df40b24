package arrowx

import (
	"io"
	"sync"
)

// SpoolBytes is a temporary file of bytes: written first, then read anywhere. It
// is encrypted and bounded as the spool's other files are.
type SpoolBytes struct {
	sealed *sealedFile
	size   int64
	tail   []byte // written and not yet a frame

	mu    sync.Mutex // of what follows
	plain []byte     // the frame that was read last
	index int64      // which it is; -1: none
	buf   []byte
}

// bytesFrame is how many bytes a frame holds, all but the last.
const bytesFrame = 64 << 10

// CreateBytes starts a file.
func (s *Spool) CreateBytes() (*SpoolBytes, error) {
	sealed, err := s.create()
	if err != nil {
		return nil, err
	}
	return &SpoolBytes{sealed: sealed, index: -1}, nil
}

// Write appends p.
func (f *SpoolBytes) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), bytesFrame-len(f.tail))
		f.tail, rest = append(f.tail, rest[:n]...), rest[n:]
		if len(f.tail) == bytesFrame {
			if _, err := f.sealed.append(f.tail, frameLink{}); err != nil {
				return len(p) - len(rest), err
			}
			f.tail = f.tail[:0]
		}
	}
	f.size += int64(len(p))
	return len(p), nil
}

// Size is the number of bytes written.
func (f *SpoolBytes) Size() int64 { return f.size }

// ReadAt is io.ReaderAt, legal once all is written.
func (f *SpoolBytes) ReadAt(p []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) {
		if off >= f.size {
			return n, io.EOF
		}
		frame, err := f.frame(off / bytesFrame)
		if err != nil {
			return n, err
		}
		k := copy(p[n:], frame[off%bytesFrame:])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}

func (f *SpoolBytes) frame(i int64) (plain []byte, err error) {
	if i == f.size/bytesFrame {
		return f.tail, nil
	}
	if i == f.index {
		return f.plain, nil
	}
	f.index = -1
	const stride = frameHead + bytesFrame + 16 // the tag of AES-GCM
	if f.plain, f.buf, _, err = f.sealed.frame(i*stride, frameLink{}, f.buf); err != nil {
		return nil, err
	}
	f.index = i
	return f.plain, nil
}

// Close removes the file.
func (f *SpoolBytes) Close() error { return f.sealed.Close() }
