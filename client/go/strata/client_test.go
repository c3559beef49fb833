// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	stratav1 "strata.example/client/go/strata/v1"
)

// setting is what tests/client/test_other_languages.py runs for these tests, and
// what the Python client was answered.
type setting struct {
	Address          string   `json:"address"`
	TLSAddress       string   `json:"tls_address"`
	RootCertificates string   `json:"root_certificates"`
	Token            string   `json:"token"`
	FullAddress      string   `json:"full_address"`   // Its server is always full.
	ClosedAddress    string   `json:"closed_address"` // Nothing listens there.
	Attempts         int      `json:"attempts"`       // To be made of the full one.
	Model            string   `json:"model"`
	Texts            []string `json:"texts"`
	Layers           []int32  `json:"layers"`
	HiddenStates     []Tensor `json:"hidden_states"` // Of each text.
	Pooled           []Tensor `json:"pooled"`
}

func readSetting(t *testing.T) setting {
	t.Helper()
	path := os.Getenv("STRATA_CLIENT_TEST")
	if path == "" {
		t.Skip("it is run by tests/client/test_other_languages.py, which sets STRATA_CLIENT_TEST")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var read setting
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func dial(t *testing.T, target string, options Options) *Client {
	t.Helper()
	client, err := Dial(target, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// request asks for the layers of every piece, and for the mean of the last.
func (s setting) request(texts ...string) *stratav1.EncodeRequest {
	request := &stratav1.EncodeRequest{Model: s.Model, Outputs: []*stratav1.OutputSpec{
		{Layers: s.Layers},
		{Pooling: stratav1.Pooling_POOLING_MEAN, Normalize: true},
	}}
	for _, text := range texts {
		request.Inputs = append(request.Inputs, Text(text))
	}
	return request
}

// check compares an answer with what the Python client got for the text.
func (s setting) check(t *testing.T, text int, encoding *stratav1.Encoding) {
	t.Helper()
	if err := EncodingError(encoding); err != nil {
		t.Fatal(err)
	}
	for i, expected := range []Tensor{s.HiddenStates[text], s.Pooled[text]} {
		got, err := Floats(encoding.Outputs[i].Tensor)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Shape, expected.Shape) {
			t.Fatalf("text %d, output %d: the shape is %v, expected %v", text, i, got.Shape, expected.Shape)
		}
		for place, value := range expected.Values {
			difference := math.Abs(float64(got.Values[place] - value))
			if !(difference <= 1e-4*(1+math.Abs(float64(value)))) {
				t.Fatalf("text %d, output %d, number %d is %v, expected %v", text, i, place,
					got.Values[place], value)
			}
		}
	}
}

func expect(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	if status.Code(err) != code || ErrorReason(err) != reason {
		t.Fatalf("got %v (reason %q), expected %v (reason %q)", err, ErrorReason(err), code, reason)
	}
}

func TestModels(t *testing.T) {
	s := readSetting(t)
	models, err := dial(t, s.Address, Options{}).Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(models) != 1 || models[0].Name != s.Model || models[0].State != stratav1.ModelState_MODEL_STATE_READY {
		t.Fatalf("got %v, expected %s alone, ready", models, s.Model)
	}
}

func TestEncode(t *testing.T) {
	s := readSetting(t)
	reply, err := dial(t, s.Address, Options{}).Encode(t.Context(), s.request(s.Texts...))
	if err != nil {
		t.Fatal(err)
	}
	if len(reply.Encodings) != len(s.Texts) {
		t.Fatalf("got %d answers to %d texts", len(reply.Encodings), len(s.Texts))
	}
	for i, encoding := range reply.Encodings {
		s.check(t, i, encoding)
	}
}

func TestBfloat16(t *testing.T) {
	s := readSetting(t)
	request := s.request(s.Texts[0])
	request.Outputs = []*stratav1.OutputSpec{
		{Layers: s.Layers, Dtype: stratav1.DataType_DATA_TYPE_BFLOAT16}}
	reply, err := dial(t, s.Address, Options{}).Encode(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Floats(reply.Encodings[0].Outputs[0].Tensor)
	if err != nil {
		t.Fatal(err)
	}
	for place, value := range s.HiddenStates[0].Values {
		difference := math.Abs(float64(got.Values[place] - value))
		if !(difference <= 0.01*(0.01+math.Abs(float64(value)))) {
			t.Fatalf("number %d is %v, expected %v", place, got.Values[place], value)
		}
	}
}

// Every tenth request is malformed, and the server sends parts that end inside a
// number.
func TestEncodeAll(t *testing.T) {
	s := readSetting(t)
	const count = 100
	requests := func(yield func(*stratav1.EncodeRequest) bool) {
		for i := range count {
			request := s.request(s.Texts[i%len(s.Texts)])
			if i%10 == 9 {
				request.Outputs[0].Layers = []int32{99}
			}
			if !yield(request) {
				return
			}
		}
	}
	answered := map[int]bool{}
	for answer, err := range dial(t, s.Address, Options{}).EncodeAll(t.Context(), requests) {
		if err != nil {
			t.Fatal(err)
		}
		answered[answer.Index] = true
		if answer.Index%10 == 9 {
			expect(t, answer.Err, codes.InvalidArgument, "INVALID_FIELD")
			continue
		}
		if answer.Err != nil {
			t.Fatal(answer.Err)
		}
		s.check(t, answer.Index%len(s.Texts), answer.Response.Encodings[0])
	}
	if len(answered) != count {
		t.Fatalf("%d of %d requests were answered", len(answered), count)
	}
}

// The rest is cancelled.
func TestEncodeAllIsLeftEarly(t *testing.T) {
	s := readSetting(t)
	requests := func(yield func(*stratav1.EncodeRequest) bool) {
		for yield(s.request(s.Texts...)) {
		}
	}
	for _, err := range dial(t, s.Address, Options{}).EncodeAll(t.Context(), requests) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func TestEncodeAllOfADeadServer(t *testing.T) {
	s := readSetting(t)
	requests := slices.Values([]*stratav1.EncodeRequest{s.request(s.Texts...)})
	failed := false
	for _, err := range dial(t, s.ClosedAddress, Options{}).EncodeAll(t.Context(), requests) {
		expect(t, err, codes.Unavailable, "")
		failed = true
	}
	if !failed {
		t.Fatal("nothing came")
	}
}

func TestErrorDetails(t *testing.T) {
	s := readSetting(t)
	request := s.request(s.Texts...)
	request.Model = "nobody"
	_, err := dial(t, s.Address, Options{}).Encode(t.Context(), request)
	expect(t, err, codes.NotFound, "MODEL_NOT_FOUND")
}

func TestDeadline(t *testing.T) {
	s := readSetting(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
	defer cancel()
	_, err := dial(t, s.Address, Options{}).Encode(ctx, s.request(s.Texts...))
	expect(t, err, codes.DeadlineExceeded, "")
}

// The server's own count of refusals is compared by test_other_languages.py.
func TestAFullServerIsAskedAgain(t *testing.T) {
	s := readSetting(t)
	retry := DefaultRetryPolicy
	retry.MaxAttempts = s.Attempts
	_, err := dial(t, s.FullAddress, Options{Retry: &retry}).Encode(t.Context(), s.request(s.Texts...))
	expect(t, err, codes.ResourceExhausted, "SERVER_FULL")
	if delay, named := RetryDelay(err); !named || delay <= 0 {
		t.Fatalf("got the delay %v (%v), expected more than none", delay, named)
	}
}

func TestWhatIsRetried(t *testing.T) {
	for _, c := range []struct {
		code     codes.Code
		attempts int
		again    bool
	}{
		{codes.Unavailable, 1, true},
		{codes.Unavailable, 3, true},
		{codes.Unavailable, 4, false},
		{codes.ResourceExhausted, 1, false}, // It names no time.
		{codes.InvalidArgument, 1, false},
		{codes.DeadlineExceeded, 1, false},
	} {
		delay, again := DefaultRetryPolicy.wait(status.Error(c.code, ""), c.attempts)
		if again != c.again || again && (delay <= 0 || delay > 5*time.Second) {
			t.Errorf("after %d of %v: %v, %v", c.attempts, c.code, delay, again)
		}
	}
}

func TestTLSAndToken(t *testing.T) {
	s := readSetting(t)
	pem, err := os.ReadFile(s.RootCertificates)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{TLS: &tls.Config{RootCAs: x509.NewCertPool()}, Token: s.Token}
	options.TLS.RootCAs.AppendCertsFromPEM(pem)
	reply, err := dial(t, s.TLSAddress, options).Encode(t.Context(), s.request(s.Texts[0]))
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, 0, reply.Encodings[0])

	options.Token = ""
	_, err = dial(t, s.TLSAddress, options).Encode(t.Context(), s.request(s.Texts[0]))
	expect(t, err, codes.Unauthenticated, "NOT_AUTHENTICATED")
}

func TestATokenDoesNotTravelUnencrypted(t *testing.T) {
	if _, err := Dial("strata.example:50051", Options{Token: "secret"}); err == nil {
		t.Fatal("it was accepted")
	}
	for _, target := range []string{"127.0.0.1:50051", "localhost:50051", "[::1]:50051"} {
		dial(t, target, Options{Token: "secret"})
	}
}

func TestPartsOutOfOrder(t *testing.T) {
	encoding := func() *stratav1.Encoding {
		return &stratav1.Encoding{Outputs: []*stratav1.Output{{Tensor: &stratav1.Tensor{}}}}
	}
	part := func(output int32, offset int64) *stratav1.TensorPart {
		return &stratav1.TensorPart{Output: output, Offset: offset, Data: []byte{1}}
	}
	for name, broken := range map[string]func(*reassembly) error{
		"before its encoding": func(r *reassembly) error { return r.addPart(0, part(0, 0)) },
		"of another input":    func(r *reassembly) error { return r.addPart(1, part(0, 0)) },
		"a second encoding": func(r *reassembly) error {
			r.addEncoding(0, encoding())
			return r.addEncoding(0, encoding())
		},
		"with a gap": func(r *reassembly) error {
			r.addEncoding(0, encoding())
			return r.addPart(0, part(0, 1))
		},
		"of another output": func(r *reassembly) error {
			r.addEncoding(0, encoding())
			return r.addPart(0, part(1, 0))
		},
		"an end too early": func(r *reassembly) error {
			r.addEncoding(0, encoding())
			_, err := r.finish(&stratav1.EncodeResponse{})
			return err
		},
	} {
		if broken(newReassembly(1)) == nil {
			t.Errorf("%s: it was accepted", name)
		}
	}
}

func TestTensorsThatDoNotFit(t *testing.T) {
	for _, tensor := range []*stratav1.Tensor{
		{Dtype: stratav1.DataType_DATA_TYPE_FLOAT32, Shape: []int64{2}, Data: make([]byte, 7)},
		{Dtype: stratav1.DataType_DATA_TYPE_FLOAT16, Shape: []int64{2}, Data: make([]byte, 4)},
		{Shape: []int64{0}},
	} {
		if _, err := Floats(tensor); err == nil {
			t.Errorf("%v: it was accepted", tensor)
		}
	}
}
