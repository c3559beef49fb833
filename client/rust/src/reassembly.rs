// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

use tonic::Status;

use crate::v1::{EncodeResponse, Encoding, TensorPart};

/// Puts the events of one request together to the answer that Encode gives.
///
/// Its errors are INTERNAL: the events are not as the API promises.
pub(crate) struct Reassembly {
    encodings: Vec<Option<Encoding>>,
    /// Of each input: the output that the next part is of.
    next: Vec<usize>,
}

impl Reassembly {
    pub(crate) fn new(inputs: usize) -> Self {
        Reassembly { encodings: vec![None; inputs], next: vec![0; inputs] }
    }

    /// Takes an input's answer, whose tensors have no data yet.
    pub(crate) fn add_encoding(&mut self, input: usize, encoding: Encoding) -> Result<(), Status> {
        match self.encodings.get_mut(input) {
            Some(place @ None) => *place = Some(encoding),
            _ => {
                return Err(broken(format!(
                    "an answer to input {input}, which is none or has one"
                )));
            }
        }
        Ok(())
    }

    /// Takes a part of a tensor's data; parts come in order.
    pub(crate) fn add_part(&mut self, input: usize, part: TensorPart) -> Result<(), Status> {
        let place = (input, part.output, part.offset);
        let out_of_order = || broken(format!("(input, output, byte) {place:?} out of order"));
        let encoding = self.encodings.get_mut(input).and_then(Option::as_mut);
        let next =
            self.next.get(input).copied().filter(|&next| next as i64 == i64::from(part.output));
        let tensor = encoding
            .zip(next)
            .and_then(|(encoding, next)| encoding.outputs.get_mut(next))
            .and_then(|output| output.tensor.as_mut())
            .filter(|tensor| tensor.data.len() as i64 == part.offset)
            .ok_or_else(out_of_order)?;
        tensor.data.extend_from_slice(&part.data);
        if part.last {
            self.next[input] += 1;
        }
        Ok(())
    }

    /// Takes what comes with `done`; returns the whole answer.
    pub(crate) fn finish(self, answer: EncodeResponse) -> Result<EncodeResponse, Status> {
        let mut encodings = Vec::with_capacity(self.encodings.len());
        for (input, (encoding, next)) in self.encodings.into_iter().zip(self.next).enumerate() {
            match encoding {
                Some(encoding) if encoding.outputs.len() == next => encodings.push(encoding),
                _ => return Err(broken(format!("an incomplete answer to input {input}"))),
            }
        }
        Ok(EncodeResponse { encodings, ..answer })
    }
}

fn broken(what: String) -> Status {
    Status::internal(format!("the parts of the server's answer do not fit together: got {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{Output, Tensor};

    fn begun() -> Reassembly {
        let mut reassembly = Reassembly::new(1);
        reassembly.add_encoding(0, encoding()).unwrap();
        reassembly
    }

    fn encoding() -> Encoding {
        let output = Output { tensor: Some(Tensor::default()), ..Default::default() };
        Encoding { outputs: vec![output], ..Default::default() }
    }

    fn part(output: i32, offset: i64, last: bool) -> TensorPart {
        TensorPart { output, offset, data: vec![7], last }
    }

    #[test]
    fn parts_become_a_tensor() {
        let mut reassembly = begun();
        reassembly.add_part(0, part(0, 0, false)).unwrap();
        reassembly.add_part(0, part(0, 1, true)).unwrap();
        let answer = reassembly.finish(EncodeResponse::default()).unwrap();
        assert_eq!(answer.encodings[0].outputs[0].tensor.as_ref().unwrap().data, [7, 7]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Reassembly::new(1).add_encoding(1, encoding()).is_err());
        assert!(Reassembly::new(1).add_part(0, part(0, 0, true)).is_err());
        assert!(begun().add_encoding(0, encoding()).is_err());
        assert!(begun().add_part(0, part(0, 1, true)).is_err());
        assert!(begun().add_part(0, part(1, 0, true)).is_err());
        assert!(begun().add_part(0, part(-1, 0, true)).is_err());
        assert!(begun().add_part(1, part(0, 0, true)).is_err());
        assert!(begun().finish(EncodeResponse::default()).is_err());
    }
}
