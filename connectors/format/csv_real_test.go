package format

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"context"

	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

func realFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../shared/data", path))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the shared data is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Rows and a digest of all cells of published files, as Python's csv module
// reads them: each cell is followed by U+001F, each row by U+001E, in UTF-8.
func TestCSVRealFiles(t *testing.T) {
	for _, c := range []struct {
		path, config string
		rows, cols   int
		digest       string
	}{
		{"subventions/real/DEP_Lot_Subventions_2017.csv", "encoding = \"cp1252\"\ndelimiter = \";\"", 34, 14, "88572d13abd2f553"},
		{"subventions/real/DEP_Nievre_CD58_SUBVENTIONS_2016.csv", `encoding = "cp1252"`, 97, 17, "1b3fc2be255d0194"},
		{"subventions/real/DEP_Somme_TB_20180302_DONNEES_CONVENTIONS.csv", "encoding = \"cp1252\"\ndelimiter = \";\"", 41, 13, "ecc0d79499bc7ef2"},
		{"subventions/real/SCDL_DEP_Haute Garonne_datalocale-subvention.csv", `delimiter = ";"`, 69, 14, "b2e673415bac0128"},
		{"subventions/exemples/exemple_valide.csv", "", 29, 16, "44c78dc052eaa7d3"},
		{"subventions/exemples/exemple_invalide_erreurs_cellules.csv", "", 29, 15, "f8230c0e018e202c"},
		{"subventions/exemples/exemple_invalide_erreurs_colonnes.csv", "", 29, 15, "adc5a47ea291a1fd"},
		{"subventions/api-subventions-asso/test-csv-valid.csv", "", 38, 14, "9128fb1ebf15d2c1"},
		{"csv-detective/a_test_file.csv", "header = 3\ndelimiter = \";\"", 404, 11, "a5066893c0e7e17b"},
		{"cantine/purchases_good.csv", "", 8, 12, "01aba9d367a530cd"},
		{"cantine/diagnostics_complete_cc_good.csv", "", 7, 129, "4e659d09de41024b"},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			data := realFile(t, c.path)
			mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
			defer mem.AssertSize(t, 0)
			for _, size := range []int{csvChunkSize, 100} {
				codec := csvFrom(t, mem, c.config)
				codec.chunk = size
				rows, digest, cols := 0, sha256.New(), 0
				for _, b := range batchesOf(t, codec, data) {
					rows += int(b.NumRows())
					cols = int(b.NumCols())
					for r := range int(b.NumRows()) {
						for _, col := range b.Columns() {
							if !col.IsNull(r) {
								digest.Write([]byte(col.ValueStr(r)))
							}
							digest.Write([]byte{0x1f})
						}
						digest.Write([]byte{0x1e})
					}
					if len(b.Rejects) > 0 {
						t.Errorf("line %d: %v", b.Rejects[0].Line, b.Rejects[0].Why)
					}
					b.Release()
				}
				if got := hex.EncodeToString(digest.Sum(nil))[:16]; rows != c.rows || cols != c.cols || got != c.digest {
					t.Errorf("chunks of %d bytes: %d rows, %d columns, %s; want %d, %d, %s", size, rows, cols, got, c.rows, c.cols, c.digest)
				}
			}
		})
	}
}

func batchesOf(t testing.TB, c *csvCodec, data string) []pipelines.Batch {
	t.Helper()
	chunks, err := c.Chunks(context.Background(), csvInput(data))
	if err != nil {
		t.Fatal(err)
	}
	defer chunks.Close()
	var all []pipelines.Batch
	for {
		chunk, err := chunks.Next(context.Background())
		if err != nil {
			if chunk != nil || len(all) == 0 {
				t.Fatal(err)
			}
			return all
		}
		b, err := chunk.Decode(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
}

// The amounts of two published files, summed to the cent by Python's decimal module.
func TestCSVRealAmounts(t *testing.T) {
	for _, c := range []struct {
		path, date   string
		amounts, sum int64
	}{
		{"subventions/real/DEP_Lot_Subventions_2017.csv", "YYYY-MM-DD", 13, 87820500},
		{"subventions/real/DEP_Somme_TB_20180302_DONNEES_CONVENTIONS.csv", "YYYY/MM/DD", 41, 320195264},
	} {
		t.Run(filepath.Base(c.path), func(t *testing.T) {
			codec := csvFrom(t, memory.NewGoAllocator(), fmt.Sprintf(`encoding = "cp1252"
delimiter = ";"
decimal = ","
thousands = " "
columns = { montant = decimal(12, 2), dateConvention = date(%q) }`, c.date))
			var sum decimal128.Num
			amounts := int64(0)
			for _, b := range batchesOf(t, codec, realFile(t, c.path)) {
				if len(b.Rejects) > 0 {
					t.Errorf("line %d: %v", b.Rejects[0].Line, b.Rejects[0].Why)
				}
				i, err := pipelines.ColumnIndex(b.Schema(), "montant")
				if err != nil {
					t.Fatal(err)
				}
				col := b.Column(i).(*array.Decimal128)
				for r := range col.Len() {
					if col.IsValid(r) {
						sum = sum.Add(col.Value(r))
						amounts++
					}
				}
				b.Release()
			}
			if amounts != c.amounts || sum != decimal128.FromI64(c.sum) {
				t.Errorf("%d amounts, sum %v; want %d, %d", amounts, sum.BigInt(), c.amounts, c.sum)
			}
		})
	}
}

// town is rows of five types: id, day, amount, a code of few values, a text.
func town(n int, encoding string) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("id;jour;montant;type;objet\n")
	accent := "é"
	if encoding == "cp1252" {
		accent = "\xe9"
	}
	for i := range n {
		fmt.Fprintf(&b, "%d;%04d-%02d-%02d;%d,%02d;%s;Subvention de fonctionnement accord%se no %d\n", i,
			2015+r.IntN(10), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1e6), r.IntN(100), []string{"ASSO", "PUBLIC", "SOCIETE"}[r.IntN(3)], accent, r.IntN(1e5))
	}
	return b.String()
}

func benchmarkCSV(b *testing.B, encoding string, decode bool) {
	data := town(200_000, encoding)
	c := csvFrom(b, memory.NewGoAllocator(), fmt.Sprintf(`encoding = %q
delimiter = ";"
decimal = ","
columns = { id = int64, jour = date, montant = decimal(12, 2) }`, encoding))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		chunks, err := c.Chunks(context.Background(), csvInput(data))
		if err != nil {
			b.Fatal(err)
		}
		for {
			chunk, err := chunks.Next(context.Background())
			if err != nil {
				break
			}
			if !decode {
				chunk.Discard()
				continue
			}
			batch, err := chunk.Decode(context.Background())
			if err != nil || len(batch.Rejects) > 0 {
				b.Fatal(err, len(batch.Rejects))
			}
			batch.Release()
		}
		chunks.Close()
	}
}

func BenchmarkCSVDecode(b *testing.B)       { benchmarkCSV(b, "utf-8", true) }
func BenchmarkCSVDecodeCP1252(b *testing.B) { benchmarkCSV(b, "cp1252", true) }
func BenchmarkCSVCut(b *testing.B)          { benchmarkCSV(b, "utf-8", false) }

func BenchmarkCSVEncode(b *testing.B) {
	data := town(60_000, "utf-8")
	batches := batchesOf(b, csvFrom(b, memory.NewGoAllocator(), "delimiter = \";\"\ndecimal = \",\"\ncolumns = { id = int64, jour = date, montant = decimal(12, 2) }"), data)
	c := csvFrom(b, memory.NewGoAllocator(), "")
	w, err := c.Begin(&strings.Builder{}, batches[0].Schema(), About{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := w.Encode(context.Background(), batches); err != nil {
			b.Fatal(err)
		}
	}
}
