package scalar

import "strings"

// Checks of identifiers. They take an identifier as it is exchanged: without
// spaces, letters in capitals.

// DigitsOnly says whether s is one ASCII digit or more, and nothing else.
func DigitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Luhn is the check of ISO/IEC 7812-1, annex B.
func Luhn(s string) bool {
	if !DigitsOnly(s) {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// IsSIREN checks the number of a legal unit: nine digits with a Luhn key.
func IsSIREN(s string) bool { return len(s) == 9 && Luhn(s) }

// laPoste numbers its establishments so that the digits add up to a multiple of
// 5 (INSEE); only its head office has a Luhn key.
const laPoste = "356000000"

// IsSIRET checks the number of an establishment: fourteen digits with a Luhn key,
// or one of La Poste.
func IsSIRET(s string) bool {
	if len(s) != 14 || !DigitsOnly(s) {
		return false
	}
	if Luhn(s) {
		return true
	}
	sum := 0
	for i := range len(s) {
		sum += int(s[i] - '0')
	}
	return strings.HasPrefix(s, laPoste) && sum%5 == 0
}

// IsNIR checks the 13 characters and the key of a French social security
// number: 97 minus the number modulo 97, where 2A counts as 19 and 2B as 18.
func IsNIR(s string) bool {
	if len(s) != 15 || !strings.Contains("123478", s[:1]) {
		return false
	}
	body, key := s[:13], s[13:]
	switch body[5:7] {
	case "2A":
		body = body[:5] + "19" + body[7:]
	case "2B":
		body = body[:5] + "18" + body[7:]
	}
	if !DigitsOnly(body) || !DigitsOnly(key) {
		return false
	}
	var n, k int64
	for i := range len(body) {
		n = n*10 + int64(body[i]-'0')
	}
	k = int64(key[0]-'0')*10 + int64(key[1]-'0')
	return k == 97-n%97
}

// ibanLengths are those of the SWIFT registry for the countries of the SEPA
// area and their neighbours; another country's may have 15 to 34 characters.
var ibanLengths = map[string]int{
	"AD": 24, "AL": 28, "AT": 20, "BA": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
	"EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21, "HU": 28,
	"IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
	"MT": 31, "MU": 30, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24,
	"SM": 27, "TN": 24, "TR": 26, "VA": 22, "XK": 20,
}

// IBANLength is how many characters an account number of that country (two
// capitals) has, or 0 when it is not known here.
func IBANLength(country string) int { return ibanLengths[country] }

// IsIBAN checks length and the key of ISO 13616: moved to the end, with letters
// as numbers from 10 on, the whole is 1 modulo 97.
func IsIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 || !DigitsOnly(s[2:4]) {
		return false
	}
	if want, known := ibanLengths[s[:2]]; known && len(s) != want {
		return false
	}
	r := 0
	for i := range len(s) {
		switch c := s[(i+4)%len(s)]; {
		case '0' <= c && c <= '9':
			r = (r*10 + int(c-'0')) % 97
		case 'A' <= c && c <= 'Z':
			r = (r*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return r == 1 && s[0] >= 'A' && s[1] >= 'A'
}
