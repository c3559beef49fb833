// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

// The program example shows what a client of a Strata server does: it lists the
// models, encodes texts, and sends many requests over one stream.
//
//	go run ./example [-model NAME] [-root-certificates FILE] [HOST:PORT]
//
// A token is read from STRATA_TOKEN.
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"strata.example/client/go/strata"
	stratav1 "strata.example/client/go/strata/v1"
)

var (
	modelName        = flag.String("model", "", "the model; the first that is ready, unless given")
	rootCertificates = flag.String("root-certificates", "",
		"PEM file of the authorities that the server's certificate may come from; encrypts")
)

var texts = []string{"Hello world!", "This is a test"}

func main() {
	log.SetFlags(0)
	flag.Parse()
	if err := run(cmp.Or(flag.Arg(0), "127.0.0.1:50051")); err != nil {
		if reason := strata.ErrorReason(err); reason != "" {
			log.Fatalf("%v (reason %s)", err, reason)
		}
		log.Fatal(err)
	}
}

func run(address string) error {
	options, err := readOptions()
	if err != nil {
		return err
	}
	client, err := strata.Dial(address, options)
	if err != nil {
		return err
	}
	defer client.Close()
	// For all that follows; it travels to the server.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	model, err := chooseModel(ctx, client)
	if err != nil {
		return err
	}
	if err := encode(ctx, client, model); err != nil {
		return err
	}
	return stream(ctx, client, model)
}

func readOptions() (strata.Options, error) {
	options := strata.Options{Token: os.Getenv("STRATA_TOKEN")}
	if *rootCertificates != "" {
		pem, err := os.ReadFile(*rootCertificates)
		if err != nil {
			return options, err
		}
		options.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
		if !options.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return options, fmt.Errorf("%s holds no certificate", *rootCertificates)
		}
	}
	return options, nil
}

// chooseModel prints the models, and returns the one to ask.
func chooseModel(ctx context.Context, client *strata.Client) (string, error) {
	models, err := client.Models(ctx)
	if err != nil {
		return "", err
	}
	chosen := *modelName
	for _, model := range models {
		fmt.Printf("model %s, version %d: %v\n", model.Name, model.Version, model.State)
		if chosen == "" && model.State == stratav1.ModelState_MODEL_STATE_READY {
			chosen = model.Name
		}
	}
	if chosen == "" {
		return "", fmt.Errorf("none of the server's %d models is ready", len(models))
	}
	return chosen, nil
}

// encode asks for the embedding output and the last layer of every piece, and for
// the mean of the last layer, in one request.
func encode(ctx context.Context, client *strata.Client, model string) error {
	request := &stratav1.EncodeRequest{
		Model: model,
		Outputs: []*stratav1.OutputSpec{
			{Layers: []int32{0, -1}},
			{Pooling: stratav1.Pooling_POOLING_MEAN, Normalize: true},
		},
	}
	for _, text := range texts {
		request.Inputs = append(request.Inputs, strata.Text(text))
	}
	reply, err := client.Encode(ctx, request)
	if err != nil {
		return err
	}
	for i, encoding := range reply.Encodings {
		if err := strata.EncodingError(encoding); err != nil {
			return fmt.Errorf("%q: %w", texts[i], err)
		}
		states, err := strata.Floats(encoding.Outputs[0].Tensor)
		if err != nil {
			return err
		}
		pooled, err := strata.Floats(encoding.Outputs[1].Tensor)
		if err != nil {
			return err
		}
		fmt.Printf("%q: hidden states %v, pooled %v\n", texts[i], states.Shape, pooled.Shape)
	}
	return nil
}

// stream sends a hundred requests over one stream, and counts the answers.
func stream(ctx context.Context, client *strata.Client, model string) error {
	requests := func(yield func(*stratav1.EncodeRequest) bool) {
		for i := range 100 {
			request := &stratav1.EncodeRequest{
				Model:  model,
				Inputs: []*stratav1.Input{strata.Text(fmt.Sprintf("Text number %d", i))},
			}
			if !yield(request) {
				return
			}
		}
	}
	answered := 0
	for answer, err := range client.EncodeAll(ctx, requests) {
		if err != nil {
			return err
		}
		if answer.Err != nil {
			return fmt.Errorf("request %d: %w", answer.Index, answer.Err)
		}
		answered++
	}
	fmt.Printf("%d requests answered over one stream\n", answered)
	return nil
}
