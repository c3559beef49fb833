// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

//! Hugging Face's `tokenizers` for C++: reads a `tokenizer.json`, encodes and
//! decodes. Ranges are bytes of the text as it was given.
//!
//! Nothing unwinds into C++: every function that runs the library's code
//! catches its panics and returns an error, which C++ sees as `rust::Error`.
//! No error holds the text: a panic is told by its place in the source only.

use std::cell::RefCell;
use std::error::Error;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use tokenizers::models::{bpe, unigram::UnigramError, wordlevel, wordpiece};
use tokenizers::{EncodeInput, Encoding, PostProcessor, Token, Tokenizer};

#[cxx::bridge(namespace = "strata::tokenizers_bridge")]
mod ffi {
    /// What a piece was made from.
    enum BridgeOrigin {
        Special,
        Text,
        Pair,
    }

    /// A piece, and the bytes `[begin, end)` of the text that it came from.
    struct BridgePiece {
        id: u32,
        type_id: u32,
        origin: BridgeOrigin,
        begin: usize,
        end: usize,
    }

    /// A text's pieces.
    struct BridgeEncoding {
        pieces: Vec<BridgePiece>,
        /// Whether the text holds what the vocabulary does not know, and there
        /// is no piece for such; then there are no pieces.
        unknown: bool,
    }

    extern "Rust" {
        /// A tokenizer without truncation and padding. All its members may be
        /// called at once.
        type BridgeTokenizer;

        /// Reads the contents of a `tokenizer.json`.
        fn load_tokenizer(json: &[u8]) -> Result<Box<BridgeTokenizer>>;

        /// Splits `text`, which must be UTF-8.
        fn encode(
            self: &BridgeTokenizer,
            text: &[u8],
            add_special_pieces: bool,
        ) -> Result<BridgeEncoding>;

        /// Splits `text` and `pair`, both UTF-8, and joins their pieces as the
        /// file says.
        fn encode_pair(
            self: &BridgeTokenizer,
            text: &[u8],
            pair: &[u8],
            add_special_pieces: bool,
        ) -> Result<BridgeEncoding>;

        /// Joins pieces; ids without a piece are left out.
        fn decode(self: &BridgeTokenizer, ids: &[u32], skip_special_pieces: bool)
            -> Result<String>;

        /// The vocabulary's string for `id`, empty where it has none.
        fn piece_text(self: &BridgeTokenizer, id: u32) -> String;

        /// One more than the largest id.
        fn vocabulary_size(self: &BridgeTokenizer) -> usize;
    }
}

use ffi::{BridgeEncoding, BridgeOrigin, BridgePiece};

type Failure = Box<dyn Error + Send + Sync>;

pub struct BridgeTokenizer {
    tokenizer: Tokenizer,
    vocabulary_size: usize,
}

// C++ calls one tokenizer from many threads.
const _: () = {
    const fn needs_sync<T: Send + Sync>() {}
    needs_sync::<BridgeTokenizer>();
};

fn load_tokenizer(json: &[u8]) -> Result<Box<BridgeTokenizer>, Failure> {
    without_unwinding(|| {
        let mut tokenizer = Tokenizer::from_bytes(json)?;
        tokenizer.with_truncation(None)?;
        tokenizer.with_padding(None);
        refuse_repeated_texts(&tokenizer)?;
        let largest = tokenizer.get_vocab(true).into_values().max();
        Ok(Box::new(BridgeTokenizer {
            tokenizer,
            vocabulary_size: largest.map_or(0, |id| id as usize + 1),
        }))
    })
}

/// An error where the post-processor gives a text's pieces more than once, as
/// the template `$A $A` does. Such a text cannot be truncated to a number of
/// pieces: the library itself counts its pieces once, and passes its own limit.
fn refuse_repeated_texts(tokenizer: &Tokenizer) -> Result<(), Failure> {
    let Some(processor) = tokenizer.get_post_processor() else {
        return Ok(());
    };
    // The largest id, which is no special piece's.
    let id = u32::MAX;
    let text = || Encoding::from_tokens(vec![Token::new(id, "a".into(), (0, 1))], 0);
    for (pair, texts) in [(None, 1), (Some(text()), 2)] {
        // What it makes of a pair it need not make of one text.
        let Ok(processed) = processor.process(text(), pair, true) else {
            continue;
        };
        let found = processed.get_ids().iter().filter(|&&x| x == id).count();
        if found > texts {
            return Err("the post_processor repeats a text ($A or $B is twice in its \
                        template), so no truncation fits it to a length; name each once"
                .into());
        }
    }
    Ok(())
}

impl BridgeTokenizer {
    fn encode(&self, text: &[u8], add_special_pieces: bool) -> Result<BridgeEncoding, Failure> {
        let text = std::str::from_utf8(text)?;
        self.encode_input(text.into(), &[text], add_special_pieces)
    }

    fn encode_pair(
        &self,
        text: &[u8],
        pair: &[u8],
        add_special_pieces: bool,
    ) -> Result<BridgeEncoding, Failure> {
        let text = std::str::from_utf8(text)?;
        let pair = std::str::from_utf8(pair)?;
        self.encode_input((text, pair).into(), &[text, pair], add_special_pieces)
    }

    fn encode_input(
        &self,
        input: EncodeInput,
        texts: &[&str],
        add_special_pieces: bool,
    ) -> Result<BridgeEncoding, Failure> {
        match self.split(input, texts, add_special_pieces) {
            Ok(pieces) => Ok(BridgeEncoding {
                pieces,
                unknown: false,
            }),
            Err(failure) if lacks_unknown_piece(&failure) => Ok(BridgeEncoding {
                pieces: Vec::new(),
                unknown: true,
            }),
            Err(failure) => Err(failure),
        }
    }

    /// Encodes `input`, which holds `texts`.
    fn split(
        &self,
        input: EncodeInput,
        texts: &[&str],
        add_special_pieces: bool,
    ) -> Result<Vec<BridgePiece>, Failure> {
        without_unwinding(|| {
            // The library's own byte ranges can fall inside a character (where
            // a normaliser made one byte of several, the spaces that it trims
            // off are counted in the wrong unit), so that they are taken in
            // characters. Of ASCII both are the same, and bytes are cheaper.
            if texts.iter().all(|text| text.is_ascii()) {
                let encoding = self.tokenizer.encode(input, add_special_pieces)?;
                return Ok(convert(&encoding, |text, byte| byte.min(texts[text].len())));
            }
            let encoding = self
                .tokenizer
                .encode_char_offsets(input, add_special_pieces)?;
            let starts: Vec<Vec<usize>> = texts.iter().map(|text| starts_of(text)).collect();
            Ok(convert(&encoding, |text, character| {
                let starts = &starts[text];
                starts[character.min(starts.len() - 1)]
            }))
        })
    }

    fn decode(&self, ids: &[u32], skip_special_pieces: bool) -> Result<String, Failure> {
        without_unwinding(|| self.tokenizer.decode(ids, skip_special_pieces))
    }

    fn piece_text(&self, id: u32) -> String {
        self.tokenizer.id_to_token(id).unwrap_or_default()
    }

    fn vocabulary_size(&self) -> usize {
        self.vocabulary_size
    }
}

/// Whether a model failed for want of a piece for what it does not know.
fn lacks_unknown_piece(failure: &Failure) -> bool {
    matches!(
        failure.downcast_ref(),
        Some(bpe::Error::UnkTokenOutOfVocabulary(_))
    ) || matches!(
        failure.downcast_ref(),
        Some(wordlevel::Error::MissingUnkToken)
    ) || matches!(
        failure.downcast_ref(),
        Some(wordpiece::Error::MissingUnkToken)
    ) || matches!(failure.downcast_ref(), Some(UnigramError::MissingUnkId))
}

/// The byte at which each character of `text` begins, and the text's end.
fn starts_of(text: &str) -> Vec<usize> {
    text.char_indices()
        .map(|(byte, _)| byte)
        .chain([text.len()])
        .collect()
}

/// The encoding with its offsets as bytes, which `byte_of` makes of the number
/// of a text (0 or 1) and an offset in it, never past the text's end.
fn convert(encoding: &Encoding, byte_of: impl Fn(usize, usize) -> usize) -> Vec<BridgePiece> {
    let texts = encoding.get_sequence_ids();
    let special = encoding.get_special_tokens_mask();
    (0..encoding.len())
        .map(|piece| {
            let (begin, end) = encoding.get_offsets()[piece];
            let text = texts[piece].unwrap_or(0);
            BridgePiece {
                id: encoding.get_ids()[piece],
                type_id: encoding.get_type_ids()[piece],
                origin: match (special[piece], text) {
                    (1, _) => BridgeOrigin::Special,
                    (_, 0) => BridgeOrigin::Text,
                    _ => BridgeOrigin::Pair,
                },
                begin: byte_of(text, begin.min(end)),
                end: byte_of(text, end),
            }
        })
        .collect()
}

thread_local! {
    /// Where the latest panic of this thread was, as `file:line`.
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `work`; a panic in it becomes an error. Its message is dropped, since
/// messages of slicing and the like quote the text.
fn without_unwinding<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    keep_place_of_panics();
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let place = PANIC_PLACE.with(RefCell::take);
        Err(format!("the tokenizers library panicked at {place}").into())
    })
}

/// Replaces the hook that would print the message to standard error.
fn keep_place_of_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map_or_else(String::new, |location| {
                format!("{}:{}", in_crate(location.file()), location.line())
            });
            PANIC_PLACE.with(|kept| kept.replace(place));
        }));
    });
}

/// A source file's path from its crate's folder on, without the place of the
/// crate on the machine that built it.
fn in_crate(file: &str) -> &str {
    file.split_once("/registry/src/")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or(file, |(_, path)| path)
}
