package format

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lavoir-data/lavoir/pipelines"
)

// townTOTEM is a budget of n lines as the State wants it, of a town that is not.
func townTOTEM(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<DocumentBudgetaire xmlns=\"http://www.minefi.gouv.fr/cp/demat/docbudgetaire\">\r\n" +
		"   <EnTeteDocBudgetaire>\r\n      <LibelleColl V=\"VAL-FLEURI\"/>\r\n      <IdColl V=\"21990001500017\"/>\r\n   </EnTeteDocBudgetaire>\r\n" +
		"   <Budget>\r\n      <BlocBudget>\r\n         <Exer V=\"2024\"/>\r\n      </BlocBudget>\r\n")
	for range n {
		fmt.Fprintf(&b, "      <LigneBudget>\r\n         <Nature V=\"%d\"/>\r\n         <LibCpte V=\"Autres charges diverses &amp; imprevues\"/>\r\n         <Fonction V=\"0%d\"/>\r\n         <ContNat V=\"011\"/>\r\n         <CodRD V=\"%s\"/>\r\n"+
			"         <MtBudgPrec V=\"%d.00\"/>\r\n         <MtRARPrec V=\"0\"/>\r\n         <MtPropNouv V=\"%[4]d.00\"/>\r\n         <MtPrev V=\"%d.%02d\"/>\r\n         <OpBudg V=\"0\"/>\r\n         <TypOpBudg V=\"1\"/>\r\n      </LigneBudget>\r\n",
			6000+r.IntN(2000), r.IntN(10), []string{"D", "R"}[r.IntN(2)], r.IntN(1e6), r.IntN(1e6), r.IntN(100))
	}
	b.WriteString("   </Budget>\r\n</DocumentBudgetaire>\r\n")
	return b.String()
}

// townDECP is n contracts of a town that is not.
func townDECP(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("{\n  \"marches\": {\n    \"marche\": [\n")
	for i := range n {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "      {\n        \"id\": \"2024VF%06d\",\n        \"acheteur\": {\n          \"id\": \"21990001500017\"\n        },\n        \"nature\": \"March\u00e9\",\n"+
			"        \"objet\": \"Entretien du lavoir communal et de ses abords, lot no %d\",\n        \"codeCPV\": \"45%06d-1\",\n        \"procedure\": \"Proc\u00e9dure adapt\u00e9e\",\n        \"dureeMois\": %d,\n"+
			"        \"dateNotification\": \"2024-%02d-%02d\",\n        \"montant\": %d.%02d,\n        \"titulaires\": [\n", i, i%9, r.IntN(1e6), 1+r.IntN(48), 1+r.IntN(12), 1+r.IntN(28), 1000+r.IntN(1e6), r.IntN(100))
		for k := range 1 + r.IntN(2) {
			if k > 0 {
				b.WriteString(",\n")
			}
			fmt.Fprintf(&b, "          {\n            \"titulaire\": {\n              \"typeIdentifiant\": \"SIRET\",\n              \"id\": \"%014d\"\n            }\n          }", r.Int64N(1e14))
		}
		b.WriteString("\n        ],\n        \"considerationsSociales\": {\n          \"considerationSociale\": [\n            \"Clause sociale\"\n          ]\n        },\n        \"marcheInnovant\": false\n      }")
	}
	b.WriteString("\n    ]\n  }\n}\n")
	return b.String()
}

func eachTreeBatch(t testing.TB, r Reader, in Input, do func(pipelines.Batch)) {
	t.Helper()
	chunks, err := r.Chunks(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	s := decodedInTurn(chunks)
	defer s.Close()
	if err := pipelines.Each(context.Background(), s, func(b pipelines.Batch) error {
		do(b)
		b.Release()
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// benchmarkTree reads records of a document: one worker cuts and decodes in
// turn, the other decodes. LAVOIR_BENCH_MB is how much, 32 unless given.
func benchmarkTree(b *testing.B, format, config string, some string) {
	mb := 32
	if n, err := strconv.Atoi(os.Getenv("LAVOIR_BENCH_MB")); err == nil {
		mb = n
	}
	data := grown(some, mb<<20, format)
	benchmarkReader(b, treeFrom(b, memory.NewGoAllocator(), format, config, 0), data)
}

// benchmarkReader reads with two workers what is in memory.
func benchmarkReader(b *testing.B, codec Reader, data []byte) {
	in := Input{Name: "f1", Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		chunks, err := codec.Chunks(context.Background(), in)
		if err != nil {
			b.Fatal(err)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		var rows int64
		for range 2 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for {
					mu.Lock()
					chunk, err := chunks.Next(context.Background())
					mu.Unlock()
					if err != nil {
						if err != io.EOF {
							b.Error(err)
						}
						return
					}
					batch, err := chunk.Decode(context.Background())
					if err != nil || len(batch.Rejects) > 0 {
						b.Error(err, len(batch.Rejects))
						return
					}
					mu.Lock()
					rows += batch.NumRows()
					mu.Unlock()
					batch.Release()
				}
			}()
		}
		wg.Wait()
		chunks.Close()
		b.ReportMetric(float64(rows), "rows")
	}
}

// grown repeats the records of a document until it has about size bytes.
func grown(some string, size int, format string) []byte {
	first, last, between := "      <LigneBudget>", "   </Budget>", ""
	switch format {
	case "json":
		first, last, between = "      {\n        \"id\"", "\n    ]\n", ",\n"
	case "jsonl":
		first, last = "{", "\x00"
	}
	start := strings.Index(some, first)
	end := strings.LastIndex(some, last)
	if end < 0 {
		end = len(some)
	}
	out := make([]byte, 0, size+len(some))
	out = append(out, some[:start]...)
	for out = append(out, some[start:end]...); len(out) < size; {
		out = append(append(out, between...), some[start:end]...)
	}
	return append(out, some[end:]...)
}

func BenchmarkXML(b *testing.B) {
	benchmarkTree(b, "xml", totemLines+"columns = { montant = decimal(14, 2), exercice = int32 }", townTOTEM(2000))
}

func BenchmarkJSON(b *testing.B) {
	benchmarkTree(b, "json", decp2022+"columns = { montant = decimal(14, 2) }", townDECP(2000))
}

func BenchmarkJSONLines(b *testing.B) {
	var lines strings.Builder
	doc := townDECP(2000)
	for rec := range strings.SplitSeq(doc[strings.Index(doc, "      {\n        \"id\""):strings.LastIndex(doc, "\n    ]\n")], ",\n      {\n        \"id\"") {
		rec = strings.ReplaceAll(strings.ReplaceAll(rec, "\n", ""), "  ", "")
		if !strings.HasPrefix(rec, "{") {
			rec = "{\"id\"" + rec
		}
		lines.WriteString(rec + "\n")
	}
	benchmarkTree(b, "jsonl", strings.Replace(decp2022, "record = \"marches.marche\"\n", "", 1)+"columns = { montant = decimal(14, 2) }", lines.String())
}
