//! A picture as the terminal itself is to show it: made to fit, on a ground of whole cells.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{self, thumbnail};
use image::{ImageError, RgbaImage};

use crate::config::PictureProtocol;
use crate::terminal::{Graphic, MOST_CELLS};

use super::picture::{MOST_ROWS, fit};

/// What a picture is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Canvas {
    pub(super) protocol: PictureProtocol,
    /// Pixels of a cell: width and height.
    pub(super) cell: (u16, u16),
    /// Columns that there are for it.
    pub(super) columns: usize,
}

impl Canvas {
    /// The picture, no larger than it is; pictures with the same number replace one
    /// another.
    pub(super) fn paint(
        &self,
        picture: &RgbaImage,
        number: u8,
    ) -> Result<Graphic, ImageError> {
        let (wide, high) = (u32::from(self.cell.0), u32::from(self.cell.1));
        let most = u32::try_from(self.columns).unwrap_or(u32::MAX);
        let most = most.clamp(1, u32::from(MOST_CELLS));
        let size = (picture.width(), picture.height());
        let (width, height) = fit(size, (most * wide, MOST_ROWS * high));
        let (columns, rows) = (width.div_ceil(wide), height.div_ceil(high));
        // What is beside it in its last cells is seen through.
        let mut ground = RgbaImage::new(columns * wide, rows * high);
        if (width, height) == size {
            imageops::replace(&mut ground, picture, 0, 0);
        } else {
            imageops::replace(&mut ground, &thumbnail(picture, width, height), 0, 0);
        }
        let columns = u16::try_from(columns).unwrap_or(MOST_CELLS);
        Ok(match self.protocol {
            PictureProtocol::Kitty => {
                let rows = u16::try_from(rows).unwrap_or(MOST_CELLS);
                Graphic::kitty(number, (columns, rows), &png(&ground)?)
            }
            PictureProtocol::Iterm2 => {
                let rows = (0..rows).map(|row| {
                    let (y, width) = (row * high, ground.width());
                    png(&imageops::crop_imm(&ground, 0, y, width, high).to_image())
                });
                Graphic::iterm2(number, columns, &rows.collect::<Result<Vec<_>, _>>()?)
            }
        })
    }
}

fn png(picture: &RgbaImage) -> Result<Vec<u8>, ImageError> {
    let mut out = Cursor::new(Vec::new());
    let (fast, filter) = (CompressionType::Fast, FilterType::Adaptive);
    picture.write_with_encoder(PngEncoder::new_with_quality(&mut out, fast, filter))?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    fn size(width: u32, height: u32, columns: usize) -> (u16, u16) {
        let picture = RgbaImage::from_pixel(width, height, Rgba([9, 9, 9, 255]));
        let sizes = [PictureProtocol::Kitty, PictureProtocol::Iterm2].map(|protocol| {
            let canvas = Canvas { protocol, cell: (10, 20), columns };
            let graphic = canvas.paint(&picture, 1).unwrap();
            (graphic.columns, graphic.rows)
        });
        assert_eq!(sizes[0], sizes[1]);
        sizes[0]
    }

    #[test]
    fn a_picture_has_as_many_cells_as_its_pixels_need_where_there_is_room() {
        assert_eq!(size(100, 40, 80), (10, 2));
        assert_eq!(size(101, 41, 80), (11, 3));
        assert_eq!(size(1, 1, 80), (1, 1));
        assert_eq!(size(1200, 600, 60), (60, 15));
        assert_eq!(size(1200, 600, 0), (1, 1));
        assert_eq!(size(400, 4000, 80), (10, 48), "never taller than that");
        assert_eq!(size(4000, 20, 9999), (200, 1), "never wider than can be told");
    }
}
