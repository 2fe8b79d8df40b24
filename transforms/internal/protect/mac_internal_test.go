package protect

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the lengths of key and message, and whether or not the library saves a hash as
// it is expected to: HMAC of the library.
func TestShortMACIsHMAC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 0, 150).Draw(t, "key")
		m := newShortMAC(key)
		if m.blocks == nil {
			t.Fatal("the library saves hashes in another form: short messages are slow now")
		}
		if rapid.Bool().Draw(t, "otherwise") {
			m.blocks = nil
		}
		for range 3 {
			message := rapid.SliceOfN(rapid.Byte(), 0, 130).Draw(t, "message")
			if got, want := m.of(message), mac(key, message); !bytes.Equal(got, want) {
				t.Errorf("HMAC of %d bytes under %d bytes is %x, not %x", len(message), len(key), got, want)
			}
		}
	})
}

func BenchmarkShortMAC(b *testing.B) {
	m := newShortMAC(make([]byte, 32))
	message := []byte("v1\x00P000000000")
	b.Run("short", func(b *testing.B) {
		for b.Loop() {
			m.of(message)
		}
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			m.plain(message)
		}
	})
}
