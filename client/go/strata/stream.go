// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

package strata

import (
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"sync"

	"google.golang.org/grpc/status"

	stratav1 "strata.example/client/go/strata/v1"
)

// Answer is the answer to one request of EncodeAll.
type Answer struct {
	// Index says which request it is, from 0 in the order in which they were
	// given.
	Index int
	// Response is what Encode would have answered; nil where Err is not.
	Response *stratav1.EncodeResponse
	// Err is what failed for this request alone.
	Err error
}

// EncodeAll encodes many requests over one EncodeStream. They are taken, on
// another goroutine, as the server takes them, and answered as they complete, in
// any order; an answer may be larger than a message can be. A request that fails
// is an Answer with an Err, and the others go on. Where the stream itself fails,
// the last pair holds that error; what has no Answer then may be sent again.
//
// The deadline of ctx is that of the whole stream, and of each request.
func (c *Client) EncodeAll(ctx context.Context, requests iter.Seq[*stratav1.EncodeRequest]) iter.Seq2[Answer, error] {
	return func(yield func(Answer, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // Where the caller has had enough.
		stream, err := c.EncodeStream(ctx)
		if err != nil {
			yield(Answer{}, err)
			return
		}
		waiting := pending{answers: map[string]*reassembly{}}
		go waiting.send(stream, requests)
		for {
			event, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				err = errors.New("strata: the stream ended before every request was answered")
			}
			if err != nil {
				// A server that stops need not have seen that this was all.
				if !waiting.allDone() {
					yield(Answer{}, err)
				}
				return
			}
			if answer, complete := waiting.take(event); complete && !yield(answer, nil) {
				return
			}
		}
	}
}

// pending holds the requests that have been sent and are not answered yet.
type pending struct {
	mutex     sync.Mutex
	answers   map[string]*reassembly
	exhausted bool // There are no more to send.
}

// send sends requests until there are no more or the stream has ended, whose
// error Recv returns too.
func (p *pending) send(
	stream stratav1.HiddenStateService_EncodeStreamClient, requests iter.Seq[*stratav1.EncodeRequest]) {
	index := 0
	for request := range requests {
		id := strconv.Itoa(index)
		p.mutex.Lock()
		p.answers[id] = newReassembly(len(request.Inputs))
		p.mutex.Unlock()
		message := &stratav1.EncodeStreamRequest{RequestId: id, Request: request}
		if stream.Send(message) != nil {
			return
		}
		index++
	}
	p.mutex.Lock()
	p.exhausted = true
	p.mutex.Unlock()
	stream.CloseSend()
}

// take adds an event to its request; it returns the answer that this completes,
// and whether it does.
func (p *pending) take(event *stratav1.EncodeStreamResponse) (Answer, bool) {
	p.mutex.Lock()
	reassembly := p.answers[event.RequestId]
	p.mutex.Unlock()
	if reassembly == nil {
		return Answer{}, false // It has failed.
	}
	var response *stratav1.EncodeResponse
	var err error
	switch what := event.Event.(type) {
	case *stratav1.EncodeStreamResponse_Encoding:
		err = reassembly.addEncoding(int(event.Input), what.Encoding)
	case *stratav1.EncodeStreamResponse_Part:
		err = reassembly.addPart(int(event.Input), what.Part)
	case *stratav1.EncodeStreamResponse_Done:
		if err = status.FromProto(what.Done).Err(); err == nil {
			response, err = reassembly.finish(event.Answer)
		}
	}
	if response == nil && err == nil {
		return Answer{}, false
	}
	p.mutex.Lock()
	delete(p.answers, event.RequestId)
	p.mutex.Unlock()
	index, _ := strconv.Atoi(event.RequestId)
	return Answer{index, response, err}, true
}

func (p *pending) allDone() bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.exhausted && len(p.answers) == 0
}
