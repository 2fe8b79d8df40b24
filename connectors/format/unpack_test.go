package format

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/lavoir-data/lavoir/pipelines"
	"github.com/lavoir-data/lavoir/pipelines/messages"
)

func memoryInput(data []byte) Input {
	return Input{Name: "f1", Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

func zipOf(t testing.TB, members ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m[0], Method: zip.Deflate})
		if err == nil {
			_, err = io.WriteString(w, m[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, strings.Repeat("x", int(h.Size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipOf(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func layer(kind string) Unpacking { return Unpacking{Kind: kind, MaxSize: 1 << 30, MaxRatio: 200} }

// unpackAll gives all that comes out, member by member.
func unpackAll(data []byte, layers ...Unpacking) (files []string, err error) {
	ctx := context.Background()
	u, err := Unpack(ctx, pipelines.Env{}, memoryInput(data), layers, func(string) string { return "m" })
	if err != nil {
		return nil, err
	}
	defer u.Close()
	for _, f := range u.Files {
		r, err := f.Open(ctx)
		if err != nil {
			return files, err
		}
		b, err := io.ReadAll(r)
		if e := r.Close(); err == nil {
			err = e
		}
		if err != nil {
			return files, err
		}
		files = append(files, string(b))
	}
	return files, nil
}

func TestLayersComeOffFromTheOutside(t *testing.T) {
	z, _ := zstd.NewWriter(nil)
	data := zipOf(t, [2]string{"b.zip", string(zipOf(t, [2]string{"2.csv", "two"}, [2]string{"1.csv", "one"}))},
		[2]string{"a.zip", string(zipOf(t, [2]string{"3.csv", "three"}))})
	data = z.EncodeAll(gzipOf(data), nil)
	files, err := unpackAll(data, layer("zstd"), layer("gzip"), layer("zip"), layer("zip"))
	if err != nil || fmt.Sprint(files) != "[three one two]" {
		t.Error(files, err)
	}
	taken := layer("tar")
	taken.Takes = func(name string) bool { return strings.HasSuffix(name, ".csv") }
	files, err = unpackAll(tarOf(t, tar.Header{Name: "./d/", Typeflag: tar.TypeDir}, tar.Header{Name: "./d/b.csv", Size: 3, Typeflag: tar.TypeReg},
		tar.Header{Name: "a.csv", Size: 600, Typeflag: tar.TypeReg}, tar.Header{Name: "l", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}), taken)
	if err != nil || len(files) != 2 || len(files[0]) != 600 || files[1] != "xxx" {
		t.Error(files, err)
	}
}

func TestWhatIsNoHonestArchiveIsRefused(t *testing.T) {
	bomb := zipOf(t, [2]string{"a", strings.Repeat("0", 100<<20)})
	encrypted := zipOf(t, [2]string{"a", "x"})
	for _, at := range []int{bytes.Index(encrypted, []byte("PK\x03\x04")) + 6, bytes.Index(encrypted, []byte("PK\x01\x02")) + 8} {
		encrypted[at] |= 1
	}
	method := zipOf(t, [2]string{"a", "x"})
	binary.LittleEndian.PutUint16(method[bytes.Index(method, []byte("PK\x01\x02"))+10:], 14)
	for _, c := range []struct {
		name   string
		data   []byte
		layers []Unpacking
		want   *messages.Message
	}{
		{"a zip that says it is a bomb", bomb, []Unpacking{layer("zip")}, messages.UnpackBomb},
		{"a gzip bomb", gzipOf(make([]byte, 100<<20)), []Unpacking{layer("gzip")}, messages.UnpackBomb},
		{"more than max_size", gzipOf(make([]byte, 100)), []Unpacking{{Kind: "gzip", MaxSize: 99, MaxRatio: 200}}, messages.UnpackBomb},
		{"a name that climbs", zipOf(t, [2]string{"../../etc/cron.d/x", "x"}), []Unpacking{layer("zip")}, messages.UnpackMember},
		{"an absolute name", zipOf(t, [2]string{"/etc/x", "x"}), []Unpacking{layer("zip")}, messages.UnpackMember},
		{"a name of Windows", zipOf(t, [2]string{`C:\x`, "x"}), []Unpacking{layer("zip")}, messages.UnpackMember},
		{"two members of one name", zipOf(t, [2]string{"a", "x"}, [2]string{"A", "y"}), []Unpacking{layer("zip")}, messages.UnpackMember},
		{"an encrypted member", encrypted, []Unpacking{layer("zip")}, messages.UnpackMember},
		{"an unknown method", method, []Unpacking{layer("zip")}, messages.UnpackMember},
		{"a symlink", tarOf(t, tar.Header{Name: "l", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}), []Unpacking{layer("tar")}, messages.UnpackMember},
		{"a hard link", tarOf(t, tar.Header{Name: "l", Linkname: "a", Typeflag: tar.TypeLink}), []Unpacking{layer("tar")}, messages.UnpackMember},
		{"a tar that climbs", tarOf(t, tar.Header{Name: "../x", Size: 1, Typeflag: tar.TypeReg}), []Unpacking{layer("tar")}, messages.UnpackMember},
		{"no zip", []byte("nom;ville\n"), []Unpacking{layer("zip")}, messages.UnpackBroken},
		{"no gzip", []byte("nom;ville\n"), []Unpacking{layer("gzip")}, messages.UnpackBroken},
		{"no zstd", []byte("nom;ville\n"), []Unpacking{layer("zstd")}, messages.UnpackBroken},
		{"nothing", nil, []Unpacking{layer("gzip")}, messages.UnpackBroken},
	} {
		if files, err := unpackAll(c.data, c.layers...); !messages.Has(err, c.want) {
			t.Errorf("%s: %d files, %v", c.name, len(files), err)
		}
	}
}

// Cut anywhere or with a flipped bit, a container gives what it held or an error.
func TestDamagedContainersGiveNothingWrong(t *testing.T) {
	text := strings.Repeat("Les Amis du lavoir;1500,00\n", 40)
	z, _ := zstd.NewWriter(nil, zstd.WithEncoderCRC(true))
	for kind, data := range map[string][]byte{
		"zip": zipOf(t, [2]string{"a.csv", text}), "gzip": gzipOf([]byte(text)), "zstd": z.EncodeAll([]byte(text), nil),
	} {
		for n := range data {
			if files, err := unpackAll(data[:n], layer(kind)); err == nil && (len(files) != 1 || files[0] != text) {
				t.Fatalf("%s of %d bytes gives %q", kind, n, files)
			} else if err != nil && messages.Find(err) == nil {
				t.Fatalf("%s of %d bytes: %v", kind, n, err)
			}
			for bit := range 8 {
				bad := bytes.Clone(data)
				bad[n] ^= 1 << bit
				if files, err := unpackAll(bad, layer(kind)); err == nil && len(files) > 0 && files[0] != text {
					t.Fatalf("%s with byte %d flipped gives %q", kind, n, files)
				} else if err != nil && messages.Find(err) == nil {
					t.Fatalf("%s with byte %d flipped: %v", kind, n, err)
				}
			}
		}
	}
	archive := tarOf(t, tar.Header{Name: "a.csv", Size: 700, Typeflag: tar.TypeReg}, tar.Header{Name: "b.csv", Size: 512, Typeflag: tar.TypeReg})
	for n := range archive {
		if files, err := unpackAll(archive[:n], layer("tar")); err == nil {
			t.Fatalf("a tar of %d of %d bytes gives %d files", n, len(archive), len(files))
		}
	}
}

// What git archive writes has a header for all members first, which is none.
func TestATarWithAHeaderForAll(t *testing.T) {
	files, err := unpackAll(tarOf(t, tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "0123456789abcdef"}},
		tar.Header{Name: "a.csv", Size: 3, Typeflag: tar.TypeReg}), layer("tar"))
	if err != nil || len(files) != 1 || files[0] != "xxx" {
		t.Error(files, err)
	}
}

// Of two archives in one file the second is not passed over.
func TestTwoTarsInOneFileAreRefused(t *testing.T) {
	one := tarOf(t, tar.Header{Name: "a.csv", Size: 3, Typeflag: tar.TypeReg})
	if files, err := unpackAll(append(one, make([]byte, 8192)...), layer("tar")); err != nil || len(files) != 1 {
		t.Errorf("zeros at the end: %d files, %v", len(files), err)
	}
	if files, err := unpackAll(append(one, tarOf(t, tar.Header{Name: "b.csv", Size: 3, Typeflag: tar.TypeReg})...), layer("tar")); !messages.Has(err, messages.UnpackBroken) {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// A server may not tell how large a file is: its ratio is that of what was read.
func TestAFileOfUnknownSizeIsNoBomb(t *testing.T) {
	ctx := context.Background()
	text := make([]byte, ratioFrom+1<<20)
	rand.NewChaCha8([32]byte{}).Read(text)
	for name, c := range map[string]struct {
		data []byte
		want *messages.Message
	}{"honest": {gzipOf(text), nil}, "a bomb": {gzipOf(make([]byte, ratioFrom+1<<20)), messages.UnpackBomb}} {
		in := memoryInput(c.data)
		in.Size = -1
		u, err := Unpack(ctx, pipelines.Env{}, in, []Unpacking{layer("gzip")}, func(string) string { return "m" })
		if err != nil {
			t.Fatal(err)
		}
		r, err := u.Files[0].Open(ctx)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, r)
		if e := r.Close(); e != nil || (c.want == nil) != (err == nil) || c.want != nil && !messages.Has(err, c.want) {
			t.Errorf("%s: %v %v", name, err, e)
		}
	}
}

// The list of members is counted as it stands before it is held, whatever the end of
// the archive says.
func TestAnArchiveOfManyMembersIsRefusedBeforeTheyAreHeld(t *testing.T) {
	entry := make([]byte, 47)
	copy(entry, "PK\x01\x02")
	entry[28] = 1
	entry[46] = 'a'
	list := append([]byte("PK\x03\x04"), bytes.Repeat(entry, 300_000)...)
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	binary.LittleEndian.PutUint16(end[10:], 1)
	binary.LittleEndian.PutUint32(end[12:], uint32(len(list)-4))
	binary.LittleEndian.PutUint32(end[16:], 4)
	long := make([]byte, 56+20) // the end that zip64 adds, and where it is
	copy(long, "PK\x06\x06")
	binary.LittleEndian.PutUint64(long[24:], 1)
	binary.LittleEndian.PutUint64(long[32:], 1)
	binary.LittleEndian.PutUint64(long[40:], uint64(len(list)-4))
	binary.LittleEndian.PutUint64(long[48:], 4)
	copy(long[56:], "PK\x06\x07")
	binary.LittleEndian.PutUint64(long[64:], uint64(len(list)))
	most := bytes.Repeat([]byte{0xff}, 12)
	for name, data := range map[string][]byte{
		"zip":              slices.Concat(list, end),
		"zip64":            slices.Concat(list, long, end[:8], most, end[20:]),
		"something before": slices.Concat([]byte("PK\x03\x04 before"), list, end),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := unpackAll(data, layer("zip"))
		runtime.ReadMemStats(&after)
		if !messages.Has(err, messages.UnpackMany) {
			t.Errorf("%s: %v", name, err)
		}
		if held := after.TotalAlloc - before.TotalAlloc; held > 3*uint64(len(data)) {
			t.Errorf("%s: %d bytes for a file of %d", name, held, len(data))
		}
		if _, err = (&xlsxCodec{}).Chunks(context.Background(), inputOf(data)); !messages.Has(err, messages.BookBomb) {
			t.Errorf("%s as a workbook: %v", name, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add("zip", zipOf(f, [2]string{"a.csv", "x"}))
	f.Add("tar", tarOf(f, tar.Header{Name: "a", Size: 1, Typeflag: tar.TypeReg}))
	f.Add("gzip", gzipOf([]byte("x")))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		if !strings.Contains("|"+Containers+"|", "|"+kind+"|") {
			return
		}
		if _, err := unpackAll(data, Unpacking{Kind: kind, MaxSize: 1 << 20, MaxRatio: 200}); err != nil && messages.Find(err) == nil {
			t.Fatal(err)
		}
	})
}
