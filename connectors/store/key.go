package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/lavoir-data/lavoir/pipelines/messages"
)

// own is how the names begin that stores use for themselves: locks, temporary
// files, probes.
const own = ".lavoir"

// checkKey refuses what is not a clean relative path.
func checkKey(store, key string) error {
	why := ""
	switch {
	case !fs.ValidPath(key) || key == ".":
		why = "it is empty, absolute or has . or .. in it"
	case strings.ContainsAny(key, "\\\x00"):
		why = "it has a backslash or a zero byte in it"
	}
	if why != "" {
		return messages.BadKey.With("store", store, "why", why)
	}
	return nil
}

// checkNewKey refuses what could not be written everywhere. What is there
// already can be read under any clean key.
func checkNewKey(store, key string) error {
	if err := checkKey(store, key); err != nil {
		return err
	}
	for _, part := range strings.Split(key, "/") {
		why := Portable(part)
		if why == "" && strings.HasPrefix(part, own) {
			why = "names that begin with " + own + " are the store's own"
		}
		if why != "" {
			return messages.BadKey.With("store", store, "why", why)
		}
	}
	return nil
}

// Portable says why name cannot be a file on every system, or "".
func Portable(name string) string {
	if name == "" || len(name) > 200 {
		return "it is empty or too long"
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`<>:"/\|?*`, r) || r == '\uFFFD' {
			return "it has a character that Windows refuses"
		}
	}
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return "it ends with a dot or a space"
	}
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return "it is a device on Windows"
	}
	if device := strings.TrimRight(base, "0123456789¹²³"); (device == "COM" || device == "LPT") && len([]rune(base)) == 4 {
		return "it is a device on Windows"
	}
	return ""
}

func isOwn(key string) bool { return strings.HasPrefix(path.Base(key), own) }

// small is the size up to which Stat and Open tell an object's SHA-256 and a
// version made of it; larger ones are not read for that.
const small = 64 << 10

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Bytes is content held in memory.
func Bytes(data []byte, mediaType string) Content {
	return Content{
		Open:   func() (io.ReadSeekCloser, error) { return nopCloser{bytes.NewReader(data)}, nil },
		Size:   int64(len(data)),
		SHA256: hexSum(data),
		Type:   mediaType,
	}
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

// sumOf reads to the end and tells the SHA-256 and the length.
func sumOf(r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), n, err
}
