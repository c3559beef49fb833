// Copyright 2026 The Strata Authors
// SPDX-License-Identifier: Apache-2.0

use crate::v1::{DataType, Output};

/// A dense array of numbers, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Floats {
    /// `[layers, pieces, width]` of hidden states, `[layers, width]` of pooled
    /// ones; the API describes the others.
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// A tensor that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    #[error("the tensor is of type {0:?}; ask for Float32 or Bfloat16")]
    Type(DataType),
    #[error("a tensor of shape {shape:?} has {got} bytes, which do not fit")]
    Size { shape: Vec<i64>, got: usize },
}

impl Floats {
    /// Reads an output of an answer.
    pub fn of(output: &Output) -> Result<Self, TensorError> {
        let tensor = output.tensor.clone().unwrap_or_default();
        let data = &tensor.data;
        let values: Vec<f32> = match tensor.dtype() {
            DataType::Float32 => {
                data.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
            }
            // The upper half of a float32.
            DataType::Bfloat16 => data
                .as_chunks::<2>()
                .0
                .iter()
                .map(|&[low, high]| f32::from_le_bytes([0, 0, low, high]))
                .collect(),
            other => return Err(TensorError::Type(other)),
        };
        let size = if tensor.dtype() == DataType::Float32 { 4 } else { 2 };
        let count: i64 = tensor.shape.iter().product();
        if usize::try_from(count) != Ok(values.len()) || data.len() != values.len() * size {
            return Err(TensorError::Size { got: data.len(), shape: tensor.shape });
        }
        let shape = tensor.shape.iter().map(|&length| length as usize).collect();
        Ok(Floats { shape, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::Tensor;

    fn read(dtype: DataType, data: Vec<u8>) -> Result<Floats, TensorError> {
        let tensor = Tensor { dtype: dtype.into(), shape: vec![2, 1], data };
        Floats::of(&Output { name: String::new(), tensor: Some(tensor) })
    }

    #[test]
    fn both_types_are_read() {
        let expected = Floats { shape: vec![2, 1], values: vec![1.5, -2.0] };
        let wide = read(DataType::Float32, vec![0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]);
        assert_eq!(wide.unwrap(), expected);
        let narrow = read(DataType::Bfloat16, vec![0xc0, 0x3f, 0, 0xc0]);
        assert_eq!(narrow.unwrap(), expected);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(matches!(
            read(DataType::Float32, vec![0; 7]),
            Err(TensorError::Size { got: 7, .. })
        ));
        assert!(matches!(
            read(DataType::Float32, vec![0; 9]),
            Err(TensorError::Size { got: 9, .. })
        ));
        assert!(matches!(read(DataType::Float16, vec![0; 4]), Err(TensorError::Type(_))));
    }
}
