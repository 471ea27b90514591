// Signs the cases with golang-jwt, as Debian packages it.
package main

import (
	"encoding/json"
	"log"
	"os"

	"github.com/golang-jwt/jwt"
)

type testCase struct {
	Name       string        `json:"name"`
	Algorithm  string        `json:"algorithm"`
	Secret     string        `json:"secret"`
	SignedWith string        `json:"signed_with"`
	Claims     jwt.MapClaims `json:"claims"`
}

type vector struct {
	Name   string `json:"name"`
	MadeBy string `json:"made_by"`
	Secret string `json:"secret"`
	Token  string `json:"token"`
}

func main() {
	cases := []testCase{}
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber() // a float64 would be written as 1.7e+09
	if err := decoder.Decode(&cases); err != nil {
		log.Fatal(err)
	}
	vectors := []vector{}
	for _, c := range cases {
		var key interface{} = []byte(c.SignedWith)
		if c.Algorithm == "none" {
			key = jwt.UnsafeAllowNoneSignatureType
		}
		token, err := jwt.NewWithClaims(jwt.GetSigningMethod(c.Algorithm), c.Claims).SignedString(key)
		if err != nil {
			log.Fatalf("%s: %v", c.Name, err)
		}
		vectors = append(vectors, vector{c.Name, "golang-jwt " + os.Args[1], c.Secret, token})
	}
	if err := json.NewEncoder(os.Stdout).Encode(vectors); err != nil {
		log.Fatal(err)
	}
}
